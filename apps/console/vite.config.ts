import { defineConfig } from "vite";
import preactPlugin from "@preact/preset-vite";

const CONTENT_SECURITY_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'";

// In the built page only: the development server needs inline scripts.
const contentSecurityPolicy = {
  name: "perch-content-security-policy",
  apply: "build" as const,
  transformIndexHtml: () => [
    {
      tag: "meta",
      attrs: { "http-equiv": "Content-Security-Policy", content: CONTENT_SECURITY_POLICY },
      injectTo: "head-prepend" as const,
    },
  ],
};

export default defineConfig({
  plugins: [preactPlugin(), contentSecurityPolicy],
  // `npm run dev` beside a running `perch up`.
  server: { host: "127.0.0.1", proxy: { "/v1": "http://127.0.0.1:4600" } },
  build: {
    outDir: "dist",
    emptyOutDir: true,
    // Nothing inline, no data: addresses, no polyfill script: what the policy above would refuse.
    assetsInlineLimit: 0,
    modulePreload: false,
  },
});
