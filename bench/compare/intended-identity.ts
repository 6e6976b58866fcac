/** Intended differences in DIDs, handles and OAuth: rows of docs/design/differences.md. */
import type { IntendedDifference } from './intended.ts'

export const intendedForIdentity: IntendedDifference[] = [
  {
    what: '`/.well-known/did.json`',
    why: '`did:web` of the host resolves',
    matches: [[/\.well-known\/did\.json/]],
  },
  {
    what: 'identity.resolveDid, resolveIdentity, refreshIdentity',
    why: 'a PDS resolves DIDs and handles anyway',
    matches: [[/identity\.(resolveDid|resolveIdentity|refreshIdentity)$/]],
  },
  {
    what: 'describeRepo after a handle change',
    why: 'this server made the change',
    matches: [
      [/identity . changed: .*describeRepo$/],
      [/custom domains .*describeRepo$/, /^body\.(didDoc\.alsoKnownAs|handleIsCorrect)/],
    ],
  },
  {
    what: 'PLC operations of a did:web',
    why: 'no token helps',
    matches: [
      [/own DID .*signPlcOperation$/, /^(error|message): /],
      [/of a did:web: .*requestPlcOperationSignature$/],
    ],
  },
  {
    what: 'createAccount by the admin',
    why: 'operators create accounts for others',
    matches: [[/admin.*: com\.atproto\.server\.createAccount$/]],
  },
  {
    what: "a did:plc without the server's rotation key",
    why: 'an owner may keep all rotation keys',
    matches: [
      [/activation . no rotation key of the server/],
      [/activateAccount$/, /^message: "Server rotation key not included/],
      // The account is active from then on.
      [/activation .*checkAccountStatus$/, /^body\.activated: /],
      [/state imported .*(requestPlcOperationSignature|signPlcOperation)$/],
    ],
  },
  {
    what: 'identifiers with an `@`, blanks or unseen characters',
    why: 'phones add them to a copied handle',
    matches: [[/sessions . as .*createSession$/]],
  },
  {
    what: 'reserveSigningKey',
    why: 'bounded storage',
    matches: [[/admin.*reserveSigningKey$/]],
  },
  {
    what: 'recommended credentials of a taken-down account',
    why: 'they are used on the next server',
    matches: [[/takendown .*getRecommendedDidCredentials$/]],
  },
  {
    what: 'OAuth: token introspection',
    why: 'apps can check a token without a trial call',
    matches: [[/oauth-authorization-server/, /introspection_endpoint/]],
  },
  {
    what: '`/.well-known/atproto-did` of an unknown handle',
    why: 'the body is plain text',
    matches: [[/atproto-did/, /content-type/]],
  },
  {
    what: 'updateHandle to the current handle',
    why: 'nothing changes in the PLC directory',
    matches: [[/identity . operations/]],
  },
]
