"""Examples to copy from; nothing here is loaded by Bellhop itself."""
