import { defineConfig } from "vite";

// `npm run dev` shows the sources with a server of `qianliyan serve` behind them.
const server = process.env["QLY_SERVER"] ?? "http://127.0.0.1:8000";

export default defineConfig({
  base: "/",
  build: {
    outDir: "../pipeline/server/static",
    emptyOutDir: true,
    assetsDir: "assets",
    sourcemap: false,
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 1200,
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [
            { name: "maplibre", test: /node_modules[\\/](maplibre-gl|@maplibre|pmtiles)/ },
            { name: "openseadragon", test: /node_modules[\\/]openseadragon/ },
          ],
        },
      },
    },
  },
  worker: { format: "es" },
  server: { proxy: { "/api": server, "/auth": server, "/healthz": server } },
});
