"""The web application: accounts, uploads, jobs, runs on a map, and what is handed over.

The server holds no second truth about a run: a run is its folder, verdicts are RUN.reviews beside it. The database
knows who may see what, which bytes belong to which flight, and what work is due.
"""
