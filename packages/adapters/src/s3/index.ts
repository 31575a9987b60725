export { createS3Registry } from "./s3-registry.ts";
export { parseS3Location, type S3Location } from "./s3-location.ts";
