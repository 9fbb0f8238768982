import { svelte } from '@sveltejs/vite-plugin-svelte';
import { svelteTesting } from '@testing-library/svelte/vite';
import { defineConfig } from 'vitest/config';

// `npm run dev` shows a gateway that already runs on this machine.
const running = { target: 'http://localhost:4298', changeOrigin: true };

export default defineConfig({
  plugins: [svelte(), svelteTesting()],
  // The page lives at /ui/ of the gateway and at the root of the window.
  base: './',
  build: {
    // The content security policy allows files of the page only: nothing is inlined.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  // The product's icon stands beside this folder.
  server: { fs: { allow: ['.', '../icons'] }, proxy: { '/api': running, '/tools': running } },
  test: {
    environment: 'happy-dom',
    include: ['tests/**/*.test.ts'],
    restoreMocks: true,
    unstubGlobals: true,
  },
});
