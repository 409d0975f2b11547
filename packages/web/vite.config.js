/** Builds the page into `dist`: one script and one style, with no inline script, for a strict Content-Security-Policy. */
export default {
  base: './',
  // `h` and `Fragment` come from Preact, as tsconfig.json says to the type checker.
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: 'dist',
    target: 'es2022',
    assetsDir: '.',
    modulePreload: false,
    chunkSizeWarningLimit: 1000,
    rollupOptions: { output: { entryFileNames: 'page.js', chunkFileNames: '[name].js', assetFileNames: '[name][extname]' } },
  },
};
