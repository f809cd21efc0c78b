// A web client of the stack: accounts with Amplify, the profile with fetch. It runs in browsers and in Node.js.

import { Amplify } from "aws-amplify";
import {
  confirmSignUp,
  fetchAuthSession,
  signIn,
  signOut,
  signUp,
} from "aws-amplify/auth";

/**
 * Connect the client to a stack.
 *
 * @param {{userPoolId: string, userPoolClientId: string, profileApiUrl: string}} outputs - the outputs of the stack
 * @param {string} [endpoint] - the URL of a local AWS; without it, the real AWS
 */
export function connect(outputs, endpoint) {
  Amplify.configure({
    Auth: {
      Cognito: {
        userPoolId: outputs.userPoolId,
        userPoolClientId: outputs.userPoolClientId,
        loginWith: { email: true },
        ...(endpoint ? { userPoolEndpoint: endpoint } : {}),
      },
    },
  });
  return new Client(outputs.profileApiUrl);
}

class Client {
  constructor(profileApiUrl) {
    this.profileApiUrl = profileApiUrl;
  }

  /** Register. Cognito sends a code to the address. */
  async register(email, password) {
    await signUp({ username: email, password, options: { userAttributes: { email } } });
  }

  /** Confirm the address with the code. The stack then creates the profile. */
  async confirm(email, code) {
    await confirmSignUp({ username: email, confirmationCode: code });
  }

  /** Sign in by SRP: the password stays in the client. */
  async signIn(email, password) {
    const { isSignedIn, nextStep } = await signIn({ username: email, password });
    if (!isSignedIn) throw new Error(`the sign-in needs a further step: ${nextStep.signInStep}`);
  }

  async signOut() {
    await signOut();
  }

  async readProfile() {
    return this.#request("GET");
  }

  /** Change fields of the profile (JSON Merge Patch). */
  async changeProfile(changes) {
    return this.#request("PATCH", changes);
  }

  async #request(method, body) {
    const { tokens } = await fetchAuthSession();
    if (!tokens) throw new Error("sign in first");
    const response = await fetch(`${this.profileApiUrl}/me/profile`, {
      method,
      headers: {
        authorization: `Bearer ${tokens.accessToken}`,
        ...(body ? { "content-type": "application/merge-patch+json" } : {}),
      },
      body: body && JSON.stringify(body),
    });
    const document = await response.json();
    if (!response.ok) throw new Error(`${method} /me/profile: ${response.status} ${document.message}`);
    return document;
  }
}
