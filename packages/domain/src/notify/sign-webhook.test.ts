import { expect, test } from "vitest";
import { NotifyError } from "./error.ts";
import { deliveryId, parseWebhookSecret, signWebhook } from "./sign-webhook.ts";

// Published with the Standard Webhooks specification.
const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const MESSAGE = { id: "msg_p5jXN8AQM9LWM0D4loKWxJek", body: '{"test": 2432232314}', at: 1_614_265_330_000 };
const SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

test("signs as the published example of Standard Webhooks", () => {
  expect(signWebhook(MESSAGE, [parseWebhookSecret(SECRET)])).toEqual({
    "webhook-id": MESSAGE.id,
    "webhook-timestamp": "1614265330",
    "webhook-signature": SIGNATURE,
  });
});

test("signs with each secret while one is exchanged for another", () => {
  const other = parseWebhookSecret(`whsec_${Buffer.alloc(32, 7).toString("base64")}`);
  const signatures = signWebhook(MESSAGE, [parseWebhookSecret(SECRET), other])["webhook-signature"]?.split(" ");
  expect(signatures).toHaveLength(2);
  expect(signatures?.[0]).toBe(SIGNATURE);
});

test.each([
  "",
  "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
  "whsec_",
  "whsec_c2hvcnQ=",
  "whsec_not base64 at all, but long enough",
])("a secret such as %j is refused without being repeated", (text) => {
  const problem = (() => {
    try {
      return parseWebhookSecret(text);
    } catch (error) {
      return error;
    }
  })();
  expect(problem).toBeInstanceOf(NotifyError);
  expect(problem).toMatchObject({ code: "secret_malformed", message: expect.not.stringContaining("c2hvcnQ") });
});

test("a delivery's id is the same whenever it is made, and another for every other occasion", () => {
  const call = { rollout: "support-2", hook: "cab", occasion: "promotion" };
  expect(deliveryId(call)).toBe(deliveryId({ ...call }));
  const others = [
    { ...call, rollout: "support-2.2" },
    { ...call, hook: "cab2" },
    { ...call, occasion: "step-1" },
  ];
  expect(new Set([call, ...others].map(deliveryId)).size).toBe(4);
});
