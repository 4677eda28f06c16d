import { defineConfig } from "vitest/config";

const nightly = process.env.PONTAGE_NIGHTLY === "1";
/** Programs of a gigabyte, installed for `npm run test:clients` only. */
const clients = process.env.PONTAGE_CLIENTS === "1";
const real = [
  "test/{gateway,vendor-sdk,chaos,integration,cli,sdk}/**/*.test.ts",
  "server/src/{store,events,billing}/**/*.test.ts",
];
const inBrowser = ["test/e2e/**/*.test.ts", "{sdk,admin-web}/**/*.browser.test.ts"];

/** The workspace's own packages are taken from their sources: a test must not pass or fail for want of a build. */
const sources = {
  resolve: { conditions: ["@pontage/source"] },
  ssr: { resolve: { conditions: ["@pontage/source"] } },
};

/** Tests that start real servers share one PostgreSQL and one NATS a run and take turns on the machine. */
const withServices = {
  globalSetup: ["test/services/global-setup.ts"],
  pool: "forks" as const,
  fileParallelism: false,
  testTimeout: nightly ? 600_000 : 60_000,
  hookTimeout: 60_000,
};

export default defineConfig({
  test: {
    projects: [
      {
        ...sources,
        test: {
          name: "unit",
          include: [
            "{server,sdk}/src/**/*.test.ts",
            "admin-web/src/**/*.test.{ts,tsx}",
            "test/{laws,crossing,conformance,tidy}/**/*.test.ts",
          ],
          exclude: [...real, ...inBrowser],
          pool: "threads",
        },
      },
      { ...sources, test: { name: "services", include: real, ...withServices } },
      { ...sources, test: { name: "browser", include: inBrowser, ...withServices } },
      ...(clients
        ? [{ ...sources, test: { name: "clients", include: ["test/clients/**/*.test.ts"], ...withServices } }]
        : []),
    ],
  },
});
