"""`metrics.py URL LINES`: the first lines of a feature server's metrics page that are not comments."""
import sys
import urllib.request

url, lines = sys.argv[1], int(sys.argv[2])
with urllib.request.urlopen(f"{url}/metrics") as page:
    values = [line for line in page.read().decode().splitlines() if not line.startswith("#")]
print("\n".join(f"  {line}" for line in values[:lines]))
