import { defineConfig } from "vite";
import preactPlugin from "@preact/preset-vite";

export default defineConfig({ plugins: [preactPlugin()], build: { outDir: "dist", emptyOutDir: true } });
