// Runs before the first paint, so that a chosen theme never flashes the other one.
// The key and values are those of src/state/preferences.svelte.ts.
(() => {
  try {
    const theme = localStorage.getItem('mcp-gateway.theme');
    if (theme === 'light' || theme === 'dark') {
      document.documentElement.dataset.theme = theme;
      // The style sheet says the same, but it is not here yet.
      document.documentElement.style.colorScheme = theme;
    }
  } catch {
    // Storage is closed to this page: the system's theme it is.
  }
})();
