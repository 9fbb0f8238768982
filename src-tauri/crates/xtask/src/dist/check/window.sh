# Starts the installed app on this display, waits for its window, ends it as a session does.
# Says the window's class and title and the app's exit code.
set -eu
mcp-gateway-desktop &
app=$!
window=
for _ in $(seq 300); do
  window=$(xdotool search --onlyvisible --pid $app --name '^MCP Gateway$' 2>/dev/null | head -1) || :
  [ -n "$window" ] && break
  kill -0 $app 2>/dev/null || { wait $app; echo "ended with $? before there was a window" >&2; exit 1; }
  sleep 0.1
done
[ -n "$window" ] || { echo "no window within 30 s" >&2; kill $app; exit 1; }
xprop -id "$window" WM_CLASS
kill -TERM $app
code=0
wait $app || code=$?
echo "exit code $code"
