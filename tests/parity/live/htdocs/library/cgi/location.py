print("Location: /elsewhere")
print("Content-Type: text/plain")
print()
print("moved")
