import { createServer, type AddressInfo } from "node:net";

/** Where exporters send to unless they are told otherwise. */
export const OTLP_GRPC_PORT = 4317;

/**
 * What was asked for (0: any that is free). Without a wish 4317, or null when it is taken: another collector may be there,
 * and that is no reason not to start. Whoever takes any port for the server takes any for this too.
 */
export async function chooseOtlpGrpcPort(asked: number | undefined, serverPort: number): Promise<number | null> {
  const wished = asked ?? (serverPort === 0 ? 0 : null);
  if (wished === null) return await freePortAt(OTLP_GRPC_PORT);
  return wished === 0 ? await freePortAt(0) : wished;
}

function freePortAt(port: number): Promise<number | null> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", () => resolve(null));
    probe.listen(port, "127.0.0.1", () => {
      const address = probe.address() as AddressInfo;
      probe.close(() => resolve(address.port));
    });
  });
}
