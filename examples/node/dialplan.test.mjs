// Tests of the dialplan in `configs/extensions.conf`.

import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { Ami, boot } from "./asterisk.mjs";

let server;
let ami;
before(async () => { server = await boot(); });
after(() => server?.stop());
beforeEach(async () => { ami = await Ami.login(server); });
afterEach(() => ami?.close());

// Calls an extension and returns the verdict that its dialplan raises as an event.
async function call(extension, milliseconds) {
  const Channel = `Local/${extension}@default`;
  ami.send({ Action: "Originate", Channel, Application: "Wait", Data: 10, Async: true });
  const event = await ami.waitFor({ Event: "UserEvent", UserEvent: "TestResult" }, milliseconds);
  return event.result;
}

test("a caller hears a beep", async () => {
  assert.equal(await call("s"), "pass");
});

test("a sound that is missing is a failure", async () => {
  assert.equal(await call("broken"), "fail");
});

test("a verdict that does not come is told with what came", async () => {
  await assert.rejects(call("silent", 500), /no message with .*TestResult.* within 500 ms, but: /);
});
