"""`python -m pipeline` is the same as `qianliyan`."""

from pipeline.cli import main

if __name__ == "__main__":
    main()
