import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { chooseOtlpGrpcPort, OTLP_GRPC_PORT } from "./otlp-grpc-port.ts";

test("the port that was asked for is taken as it is, for the server to say when it is in use", async () => {
  expect(await chooseOtlpGrpcPort(5317, 4600)).toBe(5317);
});

test("any port is asked for by 0, or by letting the server have any", async () => {
  for (const port of [await chooseOtlpGrpcPort(0, 4600), await chooseOtlpGrpcPort(undefined, 0)]) {
    expect(port).not.toBe(OTLP_GRPC_PORT);
    const server = createServer().listen(port ?? 0, "127.0.0.1");
    await once(server, "listening");
    expect((server.address() as AddressInfo).port).toBe(port);
    server.close();
  }
});

test("without a wish there is none while somebody else listens at the usual port", async () => {
  const other = createServer().listen(OTLP_GRPC_PORT, "127.0.0.1");
  // Taken already, by whomever: that is as good.
  await Promise.race([once(other, "listening"), once(other, "error").catch(() => undefined)]);
  expect(await chooseOtlpGrpcPort(undefined, 4600)).toBeNull();
  other.close();
});
