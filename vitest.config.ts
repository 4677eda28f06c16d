import { defineConfig } from "vitest/config";

const nightly = process.env.PONTAGE_NIGHTLY === "1";
const browser = ["test/e2e/**/*.test.ts"];
const real = ["test/{vendor-sdk,chaos,integration}/**/*.test.ts", "server/src/{store,events,billing}/**/*.test.ts"];

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
        test: {
          name: "unit",
          include: [
            "{server,sdk}/src/**/*.test.ts",
            "admin-web/src/**/*.test.{ts,tsx}",
            "test/{laws,crossing,tidy}/**/*.test.ts",
          ],
          exclude: [...real, "**/*.browser.test.ts"],
          pool: "threads",
        },
      },
      { test: { name: "services", include: real, ...withServices } },
      { test: { name: "browser", include: [...browser, "{sdk,admin-web}/**/*.browser.test.ts"], ...withServices } },
    ],
  },
});
