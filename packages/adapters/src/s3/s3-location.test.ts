import { describe, expect, test } from "vitest";
import { formatS3Location, parseS3Location } from "./s3-location.ts";

describe("the location of releases in a bucket", () => {
  test("names bucket and prefix, and leaves endpoint and region to the SDK", () => {
    expect(parseS3Location("s3://releases/team/agents", {})).toEqual({
      bucket: "releases",
      prefix: "team/agents",
      endpoint: null,
      region: null,
      isPathStyle: false,
    });
  });

  test("may name endpoint and region; then the bucket stands in the path", () => {
    expect(parseS3Location("s3://releases/p?endpoint=http://127.0.0.1:9000&region=eu-central-1", {})).toMatchObject({
      endpoint: "http://127.0.0.1:9000/",
      region: "eu-central-1",
      isPathStyle: true,
    });
  });

  test.each(["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"])("the bucket stands in the path when %s is set", (name) => {
    expect(parseS3Location("s3://releases", { [name]: "http://127.0.0.1:9000" }).isPathStyle).toBe(true);
    expect(parseS3Location("s3://releases", { [name]: "" }).isPathStyle).toBe(false);
  });

  test.each([
    ["s3://releases", "s3://releases", ""],
    ["s3://releases/", "s3://releases", ""],
    ["s3://releases//a//b/", "s3://releases/a/b", "a/b"],
    ["s3://releases/a%20b/%C3%BC", "s3://releases/a b/ü", "a b/ü"],
  ])("%s is told as %s", (text, told, prefix) => {
    const location = parseS3Location(text, {});
    expect(location.prefix).toBe(prefix);
    expect(formatS3Location(location)).toBe(told);
  });

  test.each([
    ["s3://", "the bucket"],
    ["s3://a", "the bucket"],
    ["s3://no spaces/x", "a location that cannot be read"],
    ["s3://releases:9000/x", "the bucket"],
    ["s3://-releases/x", "the bucket"],
    ["s3://releases/%zz", "a prefix"],
    ["s3://releases/a%00b", "the prefix"],
    ["s3://releases/..%2f..%2fx", "the prefix"],
    [`s3://releases/${"a".repeat(701)}`, "the prefix"],
    ["s3://releases/x#part", "a fragment"],
    ["s3://releases/x?profile=a", 'the parameter "profile"'],
    ["s3://releases/x?region=a&region=b", 'the parameter "region"'],
    ["s3://releases/x?region=", "the region"],
    ["s3://releases/x?endpoint=127.0.0.1:9000", "an endpoint"],
    ["s3://releases/x?endpoint=file:///etc", "an endpoint"],
    ["s3://releases/x?endpoint=http://h/?a=b", "an endpoint"],
  ])("%s is refused, naming what is wrong", (text, found) => {
    expect(() => parseS3Location(text, {})).toThrow(
      expect.objectContaining({
        code: "reference_malformed",
        message: expect.stringContaining(`found ${found}`),
        hint: expect.stringContaining("AWS_PROFILE"),
      }),
    );
  });

  test.each(["s3://AKIAKEY:hunter2@releases/x", "s3://releases/x?endpoint=http://AKIAKEY:hunter2@h/"])(
    "credentials in it are refused without repeating them",
    (text) => {
      expect(() => parseS3Location(text, {})).toThrow(/^(?!.*(?:AKIAKEY|hunter2)).*found credentials in/);
    },
  );
});
