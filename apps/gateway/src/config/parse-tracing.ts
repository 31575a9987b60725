import { GatewayError } from "../gateway-error.ts";
import type { SamplerConfig } from "../tracing/sampler.ts";

export type TracingConfig = {
  /** Where spans are posted to, whole. */
  readonly url: string;
  readonly sampler: SamplerConfig;
};

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Null: no spans. The names are OpenTelemetry's (the specification's "General SDK configuration" and "OTLP exporter
 * configuration"); headers, timeout, compression, certificates and resource attributes are read by its own exporter.
 * Throws `GatewayError` `flag_invalid`.
 */
export function parseTracing(flag: string | undefined, env: Environment): TracingConfig | null {
  const isDisabled = env["OTEL_SDK_DISABLED"]?.toLowerCase() === "true" || env["OTEL_TRACES_EXPORTER"] === "none";
  if (flag === undefined && isDisabled) return null;
  const url = urlOf(flag, env);
  if (url === null) return null;
  return { url, sampler: parseSampler(env["OTEL_TRACES_SAMPLER"] || DEFAULT_SAMPLER, env["OTEL_TRACES_SAMPLER_ARG"]) };
}

/** A base address gets the path of traces; the address of traces alone is whole already. */
function urlOf(flag: string | undefined, env: Environment): string | null {
  const whole = env["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"];
  if (flag === undefined && whole) return parseUrl("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", whole).href;
  const base = flag ?? env["OTEL_EXPORTER_OTLP_ENDPOINT"];
  if (!base) return null;
  const url = parseUrl(flag === undefined ? "OTEL_EXPORTER_OTLP_ENDPOINT" : "--otlp-endpoint", base);
  url.pathname = `${url.pathname.replace(/\/+$/, "")}/v1/traces`;
  return url.href;
}

function parseUrl(name: string, text: string): URL {
  const url = URL.parse(text);
  if (url !== null && (url.protocol === "http:" || url.protocol === "https:")) return url;
  throw invalid(
    `found ${name} ${JSON.stringify(text)}, expected an http or https URL`,
    "e.g. http://127.0.0.1:4600; spans are sent as OTLP over HTTP with Protobuf",
  );
}

const DEFAULT_SAMPLER = "parentbased_always_on";
const ROOTS: Readonly<Record<string, SamplerConfig["root"]["kind"]>> = {
  always_on: "always",
  always_off: "always",
  traceidratio: "ratio",
};

function parseSampler(name: string, argument: string | undefined): SamplerConfig {
  const followsParent = name.startsWith("parentbased_");
  const root = followsParent ? name.slice("parentbased_".length) : name;
  const kind = Object.hasOwn(ROOTS, root) ? ROOTS[root] : undefined;
  if (kind === "always") return { root: { kind, isSampled: root === "always_on" }, followsParent };
  if (kind === "ratio") return { root: { kind, ratio: parseRatio(argument) }, followsParent };
  throw invalid(
    `found OTEL_TRACES_SAMPLER ${JSON.stringify(name)}, expected one of ${Object.keys(ROOTS).join(", ")}, alone or behind parentbased_`,
    `leave it out for ${DEFAULT_SAMPLER}`,
  );
}

function parseRatio(text: string | undefined): number {
  const ratio = text === undefined || text.trim() === "" ? 1 : Number(text);
  if (ratio >= 0 && ratio <= 1) return ratio;
  throw invalid(
    `found OTEL_TRACES_SAMPLER_ARG ${JSON.stringify(text)}, expected a number from 0 to 1`,
    "0.1 keeps every tenth trace",
  );
}

function invalid(message: string, hint: string): GatewayError {
  return new GatewayError({ code: "flag_invalid", message, hint });
}
