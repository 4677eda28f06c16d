import type { TestProject } from "vitest/node";
import { type Services, startServices } from "../../scripts/services.mjs";

declare module "vitest" {
  interface ProvidedContext {
    /** Where PostgreSQL, NATS and Chromium are for this run. What could not be had is absent. */
    services: Services;
  }
}

/**
 * Starts one PostgreSQL and one NATS for a test run. Test files keep out of each other's way by a database of their own
 * (`createDatabase`) and by streams with a prefix of their own.
 */
export default async function setup(project: TestProject) {
  const { services, missing, stop } = await startServices();
  for (const name of missing) {
    console.error(`\n!! ${project.name || "tests"}: ${name} is missing, so the tests that need it are skipped.\n`);
  }
  project.provide("services", services);
  return stop;
}
