/* flow_stdio has no keys. */
