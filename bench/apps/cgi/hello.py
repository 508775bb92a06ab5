import sys

sys.stdout.write("Content-Type: text/plain\n\nHello World!")
