# Folders are not in the list of files, so rpm would leave them behind empty.
if [ "$1" = 0 ]; then
  rmdir --ignore-fail-on-non-empty /usr/share/doc/mcp-gateway/examples /usr/share/doc/mcp-gateway \
    /usr/share/licenses/mcp-gateway 2>/dev/null || :
fi
