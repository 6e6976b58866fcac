/** Passkeys as browsers speak of them (WebAuthn): what to ask of one, and whether its answer holds. */
import type {
  AuthenticationResponseJSON,
  PublicKeyCredentialCreationOptionsJSON,
  PublicKeyCredentialRequestOptionsJSON,
  RegistrationResponseJSON,
} from '@simplewebauthn/server'

export type CreationOptions = PublicKeyCredentialCreationOptionsJSON
export type RequestOptions = PublicKeyCredentialRequestOptionsJSON

type Bytes = Uint8Array<ArrayBuffer>

/** A passkey as it is kept. */
export interface Passkey {
  /** Credential id, base64url. */
  id: string
  /** COSE key. */
  publicKey: Bytes
  /** How often it was used, where it counts. */
  counter: number
}

/** It takes 200 ms and 26 MB to load: only where somebody has passkeys. */
const library = () => import('@simplewebauthn/server')

/** Longest wait for a person to touch something, in ms. */
const timeout = 5 * 60_000
const userVerification = 'required'

/** Whether a challenge, in base64url, is one that was asked for. */
export type IsChallenge = (challenge: string) => boolean

/** What a browser needs to make a passkey; the person is asked for a PIN, a finger or a face. */
export async function registrationOptions(input: {
  publicUrl: string
  userId: Bytes
  userName: string
  challenge: Bytes
  /** Credential ids that are registered already. */
  known: readonly string[]
}): Promise<CreationOptions> {
  const { publicUrl, userId, userName, challenge, known } = input
  const rpID = new URL(publicUrl).hostname
  const { generateRegistrationOptions } = await library()
  return generateRegistrationOptions({
    rpName: rpID,
    rpID,
    userName,
    userID: userId,
    challenge,
    timeout,
    attestationType: 'none',
    excludeCredentials: known.map((id) => ({ id })),
    authenticatorSelection: { residentKey: 'required', userVerification },
  })
}

/** What a browser needs to show a passkey; one of `known` where that is not empty, else any it has for this server. */
export async function assertionOptions(input: {
  publicUrl: string
  challenge: Bytes
  known: readonly string[]
}): Promise<RequestOptions> {
  const { publicUrl, challenge, known } = input
  const { generateAuthenticationOptions } = await library()
  return generateAuthenticationOptions({
    rpID: new URL(publicUrl).hostname,
    challenge,
    timeout,
    userVerification,
    allowCredentials: known.map((id) => ({ id })),
  })
}

/** The new passkey; undefined where the browser's answer does not hold. */
export async function verifyRegistration(
  response: unknown,
  { publicUrl, isChallenge }: { publicUrl: string; isChallenge: IsChallenge },
): Promise<Passkey | undefined> {
  const { verifyRegistrationResponse } = await library()
  try {
    const { registrationInfo } = await verifyRegistrationResponse({
      response: response as RegistrationResponseJSON,
      expectedChallenge: isChallenge,
      expectedOrigin: new URL(publicUrl).origin,
      expectedRPID: new URL(publicUrl).hostname,
      requireUserVerification: true,
    })
    return registrationInfo?.credential
  } catch {
    // Whatever is wrong with it came from outside.
    return undefined
  }
}

/** How far the passkey's counter has come; undefined where the answer is not this passkey's, or does not hold. */
export async function verifyAssertion(
  response: unknown,
  terms: { publicUrl: string; isChallenge: IsChallenge; passkey: Passkey },
): Promise<{ counter: number } | undefined> {
  const { publicUrl, isChallenge, passkey } = terms
  const { verifyAuthenticationResponse } = await library()
  try {
    const { verified, authenticationInfo } = await verifyAuthenticationResponse({
      response: response as AuthenticationResponseJSON,
      expectedChallenge: isChallenge,
      expectedOrigin: new URL(publicUrl).origin,
      expectedRPID: new URL(publicUrl).hostname,
      credential: passkey,
      requireUserVerification: true,
    })
    return verified ? { counter: authenticationInfo.newCounter } : undefined
  } catch {
    return undefined
  }
}
