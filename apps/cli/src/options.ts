import { Option } from "commander";

/** The options that several commands share. Each command adds its own, since their meaning is its own. */
export function jsonOption(): Option {
  return new Option("--json", "print the result as one JSON object");
}

export const DEFAULT_DATA = ".perch";

export function dataOption(): Option {
  return new Option("--data <dir>", "data directory").env("PERCH_DATA").default(DEFAULT_DATA);
}

export function serverOption(): Option {
  return new Option("--server <url>", "the server's URL, as `perch up` prints it")
    .env("PERCH_SERVER")
    .default("http://127.0.0.1:4600");
}

/** The forms that a registry of releases is named in. */
export const LOCATION = "OCI layout directory, oci://HOST/PREFIX or s3://BUCKET/PREFIX";
