import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defaultClientConditions, defineConfig } from "vite";

export default defineConfig({
  base: "/console/",
  plugins: [react(), tailwindcss()],
  // The SDK of this workspace is taken from its sources, so that nothing has to be built before the console.
  resolve: { conditions: ["@pontage/source", ...defaultClientConditions] },
  build: {
    // The first browsers with `light-dark()`. Older targets would have it rewritten to something that cannot be read.
    target: ["chrome123", "firefox120", "safari17.5"],
    // The server's policy allows fonts and images from its own files only, so none may become a `data:` address.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: {
    proxy: { "/pontage.": { target: process.env.PONTAGE_URL ?? "http://127.0.0.1:7668" } },
  },
});
