import { defineConfig } from "vite";
import preactPlugin from "@preact/preset-vite";

export default defineConfig({
  // Relative addresses, so that the page also works behind a proxy that puts it under a path.
  base: "./",
  plugins: [preactPlugin()],
  build: {
    outDir: "dist",
    emptyOutDir: true,
    // The page is served with a strict content security policy: nothing inline, no data: addresses, no polyfill script.
    assetsInlineLimit: 0,
    modulePreload: false,
  },
});
