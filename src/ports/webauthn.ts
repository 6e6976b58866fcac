/** Passkeys (WebAuthn): options for the browser, and verification of its responses. */
import type {
  AuthenticationResponseJSON,
  PublicKeyCredentialCreationOptionsJSON,
  PublicKeyCredentialRequestOptionsJSON,
  RegistrationResponseJSON,
} from '@simplewebauthn/server'

export type CreationOptions = PublicKeyCredentialCreationOptionsJSON
export type RequestOptions = PublicKeyCredentialRequestOptionsJSON

type Bytes = Uint8Array<ArrayBuffer>

export interface Passkey {
  /** base64url. */
  id: string
  publicKey: Bytes
  /** Signature counter; 0 if the authenticator does not count. */
  counter: number
}

// Loaded on first use: it takes 200 ms and 26 MB.
const library = () => import('@simplewebauthn/server')

// How long the browser waits for the user.
const TIMEOUT_MS = 5 * 60_000
const userVerification = 'required'

/** `challenge` is base64url. */
export type IsChallenge = (challenge: string) => boolean

export async function registrationOptions(input: {
  publicUrl: string
  userId: Bytes
  userName: string
  challenge: Bytes
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
    timeout: TIMEOUT_MS,
    attestationType: 'none',
    excludeCredentials: known.map((id) => ({ id })),
    authenticatorSelection: { residentKey: 'required', userVerification },
  })
}

/** Accepts any passkey for this server if `known` is empty. */
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
    timeout: TIMEOUT_MS,
    userVerification,
    allowCredentials: known.map((id) => ({ id })),
  })
}

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
    // The library throws on any malformed or wrong response.
    return undefined
  }
}

export async function verifyAssertion(
  response: unknown,
  options: { publicUrl: string; isChallenge: IsChallenge; passkey: Passkey },
): Promise<{ counter: number } | undefined> {
  const { publicUrl, isChallenge, passkey } = options
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
