import { expect, test } from "vitest";
import { readSettings, SettingsError } from "./read-settings.ts";

const complete = { PERCH_RELEASE_DIR: "release", OPENAI_BASE_URL: "http://127.0.0.1:9/v1" };

test("the release directory and the model's address are enough to start", () => {
  expect(readSettings(complete)).toEqual({
    port: 0,
    releaseDirectory: "release",
    version: "0.0.0-undeployed",
    otlpEndpoint: "http://127.0.0.1:4318",
    modelBaseUrl: "http://127.0.0.1:9/v1",
    modelApiKey: null,
    modelName: null,
  });
});

test("a real endpoint is named by the usual variables", () => {
  const real = { OPENAI_API_KEY: "key", OPENAI_MODEL: "some-model", PORT: "8080", PERCH_VERSION: "2.3.0" };
  expect(readSettings({ ...complete, ...real })).toMatchObject({
    port: 8080,
    version: "2.3.0",
    modelApiKey: "key",
    modelName: "some-model",
  });
});

test("a variable that is set to nothing counts as not set", () => {
  expect(readSettings({ ...complete, OPENAI_API_KEY: "", PORT: "" })).toMatchObject({ port: 0, modelApiKey: null });
});

test("everything that is missing or wrong is named at once", () => {
  expect(() => readSettings({ PORT: "http" })).toThrow(SettingsError);
  expect(() => readSettings({ PORT: "http" })).toThrow(/PORT.*PERCH_RELEASE_DIR.*OPENAI_BASE_URL/);
});
