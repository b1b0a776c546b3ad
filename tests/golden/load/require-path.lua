local parts = require "../parts"
