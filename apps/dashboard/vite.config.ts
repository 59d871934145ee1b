import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

const api = 'http://localhost:7070';

export default defineConfig({
  plugins: [react()],
  build: {
    target: 'es2023',
    // The api's content security policy allows no data: URLs.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  // For work on the page alone: `vite` beside a running `npm start`.
  server: { proxy: { '/v1': api, '/readyz': api } },
});
