import { parseGatewayId, type ServerState } from "@perch/domain";
import { expect, test } from "vitest";

/** What every keeper of server state promises. `create` gives a new, empty one. */
export function describeServerState(create: () => ServerState | Promise<ServerState>): void {
  const [a, b] = [parseGatewayId("a"), parseGatewayId("b")];

  test("every epoch is larger than the one before", async () => {
    const state = await create();
    expect([await state.nextEpoch(), await state.nextEpoch(), await state.nextEpoch()]).toEqual([1, 2, 3]);
  });

  test("an epoch is larger than one that was seen elsewhere, and the next ones follow it", async () => {
    const state = await create();
    expect([await state.nextEpoch(7), await state.nextEpoch(3), await state.nextEpoch()]).toEqual([8, 9, 10]);
  });

  test("only the holder of the newest epoch moves on to a larger one", async () => {
    const state = await create();
    const old = await state.nextEpoch();
    const held = await state.nextEpoch();
    await expect(state.nextEpoch(9, old)).rejects.toMatchObject({ code: "deposed" });
    expect([await state.nextEpoch(9, held), await state.nextEpoch()]).toEqual([10, 11]);
  });

  test("gateways are remembered with their last lease until they are forgotten", async () => {
    const state = await create();
    await state.rememberGateway(b, 10);
    await state.rememberGateway(a, 10);
    await state.rememberGateway(a, 20);
    expect(await state.knownGateways()).toEqual([
      { gateway: a, leaseMs: 20 },
      { gateway: b, leaseMs: 10 },
    ]);
    await state.forgetGateway(b);
    await state.forgetGateway(b);
    expect(await state.knownGateways()).toEqual([{ gateway: a, leaseMs: 20 }]);
  });
}
