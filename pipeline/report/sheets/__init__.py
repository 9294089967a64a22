"""The hit sheet's typst template and its font."""
