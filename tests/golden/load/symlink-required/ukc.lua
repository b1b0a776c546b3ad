return require "parts"
