"""The verbs: what command line, server and notebooks all call."""
