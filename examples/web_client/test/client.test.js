// The client against the stack on a local AWS. `pulumi-localaws run` sets the variables.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import test from "node:test";

import { connect } from "../client.js";

const endpoint = process.env.PULUMI_LOCALAWS_ENDPOINT;
const client = connect(
  {
    userPoolId: process.env.PULUMI_OUTPUT_USER_POOL_ID,
    userPoolClientId: process.env.PULUMI_OUTPUT_USER_POOL_CLIENT_ID,
    profileApiUrl: process.env.PULUMI_OUTPUT_PROFILE_API_URL,
  },
  endpoint,
);
const email = `${randomUUID()}@example.com`;
const password = "Correct-horse-7-battery";

/** Return the code of the last e-mail to an address; Cognito sends it before SignUp returns. */
async function readCode(address) {
  const response = await fetch(`${endpoint}/_ministack/ses/messages`);
  const { messages } = await response.json();
  const mails = Object.values(messages).flat().filter((mail) => mail.To.includes(address));
  return (mails.at(-1).BodyText || mails.at(-1).BodyHtml).match(/\b\d{6}\b/)[0];
}

test("a person registers, confirms, signs in and changes the profile", async (t) => {
  await t.test("nobody is signed in at first", async () => {
    await assert.rejects(client.readProfile(), /sign in first/);
  });

  await t.test("register and confirm", async () => {
    await client.register(email, password);
    await client.confirm(email, await readCode(email));
  });

  await t.test("a wrong password is rejected", async () => {
    await assert.rejects(client.signIn(email, "Wrong-horse-7-battery"), { name: "NotAuthorizedException" });
  });

  await t.test("sign in, and read the profile that the stack created", async () => {
    await client.signIn(email, password);
    const document = await client.readProfile();
    assert.ok(document.profile, JSON.stringify(document));
  });

  await t.test("change the profile", async () => {
    const document = await client.changeProfile({ profile: { firstName: "Ana" } });
    assert.equal(document.profile.firstName, "Ana");
  });

  await t.test("sign out", async () => {
    await client.signOut();
    await assert.rejects(client.readProfile(), /sign in first/);
  });
});
