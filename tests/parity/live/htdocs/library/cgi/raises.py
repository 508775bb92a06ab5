print("Content-Type: text/plain")
print()
raise KeyError("in a script")
