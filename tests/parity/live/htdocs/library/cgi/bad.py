print("no colon")
print()
