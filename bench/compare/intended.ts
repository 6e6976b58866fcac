/** Intended differences from the reference that a call shows: rows of docs/design/differences.md. */
import { intendedForBlobs } from './intended-blobs.ts'
import { intendedForIdentity } from './intended-identity.ts'

export interface IntendedDifference {
  /** The first column of the row. */
  what: string
  /** The last column. */
  why: string
  /** The calls, by label, and the parts that may differ; absent if no call shows the difference. */
  matches?: [call: RegExp, parts?: RegExp][]
}

export const intended: IntendedDifference[] = [
  ...intendedForBlobs,
  ...intendedForIdentity,
  {
    what: 'client errors that are 500 there',
    why: 'the client is at fault',
    matches: [
      [/./, /^status: 500 → 40[0-8]/],
      [/./, /^error: "InternalServerError" → /],
      [/./, /^message: "Internal Server Error" → /],
    ],
  },
  {
    what: 'failing external service',
    why: 'another service is at fault',
    matches: [[/./, /^status: 500 → 502/]],
  },
  {
    what: 'headers exposed to pages (CORS)',
    why: 'one list for all responses',
    matches: [[/./, /^headers\.access-control-expose-headers/]],
  },
  {
    what: '`Vary: Accept-Encoding`',
    why: 'short responses are not compressed',
    matches: [[/./, /^headers\.vary: .*[Aa]ccept-[Ee]ncoding/]],
  },
  {
    what: 'a refused call of an authenticated method',
    why: 'a refusal depends on the caller',
    matches: [[/./, /^headers\.cache-control: – → "private"/]],
  },
  {
    what: 'names of two errors',
    why: 'names used by XRPC',
    matches: [
      [/./, /^error: "(SyntaxError|PayloadTooLargeError)" → /],
      [/(null|half a JSON): /, /^message: /],
    ],
  },
  {
    what: 'messages about parameters',
    why: 'it names the parameter',
    matches: [
      [/./, /^message: "Invalid .* params: .* → .* at \$/],
      [/__proto__/, /^message/],
      [/(in the future|no number|a fraction|empty): firehose/, /message/],
    ],
  },
  {
    what: 'createRecord with an existing key',
    why: 'the same',
    matches: [[/a key that is there/, /409/]],
  },
  {
    what: 'getBlob and getBlocks of missing blobs and blocks',
    why: 'the lexicons define these names',
    matches: [
      [
        /sync\.(getBlob|getBlocks)( #\d)?$/,
        /^(error: "InvalidRequest" → "Bl(ob|ock)NotFound"|message: "Could not find cids)/,
      ],
    ],
  },
  {
    what: 'requestPasswordReset for an unknown address',
    why: 'no account enumeration',
    matches: [[/requestPasswordReset$/]],
  },
  {
    what: 'searchAccounts, updateAccountSigningKey',
    why: 'operators need them',
    matches: [[/admin\.(searchAccounts|updateAccountSigningKey)$/]],
  },
  {
    what: 'admin changes to an unknown account',
    why: 'nothing was done',
    matches: [
      [/(unknown account|again|state deleted).*admin\.(update\w+|deleteAccount)/],
      [/(the end again|unknown account deleted): events/],
    ],
  },
  {
    what: 'updateAccountEmail',
    why: 'a wrong address locks the owner out',
    matches: [[/(taken|bad): .*updateAccountEmail$/]],
  },
  {
    what: 'preferences',
    why: 'they are stored in the account',
    matches: [[/^alone .*(get|put)Preferences$/]],
  },
  {
    what: 'errors of proxied calls',
    why: 'clients know how long to wait',
    matches: [
      [/^served . proxying . an error/, /^headers\.(retry-after|atproto-)/],
      [/read-after-write . of another account/, /^rev: – → /],
    ],
  },
  {
    what: 'sync.requestCrawl, notifyOfUpdate',
    why: 'Tempest has it',
    matches: [[/sync\.(requestCrawl|notifyOfUpdate)$/]],
  },
  {
    what: 'getBlocks with `cids[]=`',
    why: "Tempest's clients send it",
    matches: [[/with brackets: .*getBlocks$/]],
  },
  {
    what: 'plain GET of subscribeRepos',
    why: 'it names the fix; Tempest has it',
    matches: [[/subscribeRepos$/]],
  },
  {
    what: 'messages about records',
    why: 'it may not be a string',
    matches: [[/a \$type that is a number/, /^message/]],
  },
  {
    what: 'a token of a deleted account',
    why: 'one error for all methods',
    matches: [
      [
        /(a token of an unknown account|state deleted . as meant): /,
        /(NotFound|not found|→ 403|→ 400|body: ""|body\.passwords: \[\]|content-type: –)/,
      ],
    ],
  },
  {
    what: 'check of the account status',
    why: 'one call to the account instead of two',
    matches: [[/state (takendown|deleted) .*updateHandle$/]],
  },
  {
    what: 'several errors in one createAccount',
    why: 'they need no call to the directory',
    matches: [[/createAccount . (a did without a token|a bad recovery key)/]],
  },
  {
    what: 'deleteSession soon after a refresh',
    why: 'signing out is complete',
    matches: [[/the first after the end of the second: /]],
  },
  {
    what: 'claims of access tokens',
    why: 'connections are closed when their session ends',
    matches: [
      [
        /createAccount|createSession|refreshSession/,
        /^body\.accessJwt: "<jwt alg=\\"HS256\\" (aud=\S+ life=\d+ scope=\S+) (sub=.+ typ=\S+)>" → "<jwt alg=\\"HS256\\"( apw=\\"[\w-]{22}\\")? \1 sid=\\"[\w-]{22}\\" \2>"$/,
      ],
    ],
  },
  {
    what: 'access tokens from before a takedown or suspension',
    why: 'nothing is signed for the account any more',
    matches: [
      [
        /state takendown /,
        /^(error: "XRPCNotSupported" → "AccountTakedown"|message: "XRPC Not Supported" → |status: 404 → 401)/,
      ],
      [/state takendown .*(getServiceAuth|app\.bsky\.\w+\.\w+|unknown)$/],
    ],
  },
  {
    what: 'rate limits of pages and other plain requests',
    why: 'one rule for all requests',
    matches: [[/invites and limits/, /^headers\.ratelimit-remaining/]],
  },
  {
    what: 'malformed `$link` and `$bytes`',
    why: 'no consumer can decode them',
    matches: [[/records . (a bad link|bad bytes): /]],
  },
  {
    what: 'bodies nested deeper than 64 levels, records deeper than 32',
    why: 'consumers have lower limits',
    matches: [[/records . far too deep: /]],
  },
  {
    what: 'several writes to one record in one applyWrites',
    why: 'an event has one operation for each path',
    matches: [[/create and (delete|update): /]],
  },
  {
    what: 'the event of an empty applyWrites',
    why: 'an event contains all blocks that its commit refers to',
    matches: [[/records . nothing: events/, /blocks/]],
  },
  {
    what: 'getRepo since a future rev',
    why: 'the CAR can be parsed',
    matches: [[/since later: .*getRepo$/]],
  },
  {
    what: 'the event of importRepo into an active account',
    why: 'relays learn that the repo was replaced',
    matches: [[/an import while active: events/, /#sync/]],
  },
  {
    what: 'checkAccountStatus',
    why: 'tools use both',
    matches: [
      [
        /checkAccountStatus$/,
        /^body\.(active|status|migrationReady|serverCanUpdateDid|missingBlobCount|recordCount|repoCount): –/,
      ],
    ],
  },
  {
    what: 'newly earned invite codes',
    why: 'clients follow the lexicon',
    matches: [[/getAccountInviteCodes/, /availableUses: 1 → –/]],
  },
  {
    what: 'an HTML error of a service that the server calls itself',
    why: 'one message for both',
    matches: [[/(createReport|getFeed|registerPush)$/, /^message: "Upstream server responded/]],
  },
  {
    what: 'unknown paths',
    why: 'clients read JSON',
    matches: [
      [
        /routes . [A-Z]+: ./,
        /(<!DOCTYPE|content-security-policy|x-content-type-options|content-type: "text.html|invalid xrpc path|^status: 404 → 400|XRPC requests only)/,
      ],
    ],
  },
  {
    what: '`/tls-check`',
    why: 'a proxy needs it',
    matches: [[/tls-check/]],
  },
  {
    what: '`/`, `/robots.txt` and the version',
    why: 'it is another server',
    matches: [
      [/routes . GET: .(robots.txt)?$/, /^body/],
      [/_health$/, /^body.version/],
    ],
  },
  {
    what: 'method names in other case',
    why: 'NSID names are case-sensitive',
    matches: [[/COM\.(ATPROTO|atproto)/]],
  },
  {
    what: 'CORS preflight of `/.well-known/oauth-protected-resource`',
    why: 'one rule for all paths',
    matches: [
      [
        /oauth-protected-resource/,
        /access-control|^body: "GET,HEAD"|^status: 200 → 204|content-type/,
      ],
    ],
  },
  {
    what: 'views updated by read-after-write',
    why: 'clients see how far behind the AppView is',
    matches: [[/read-after-write . (behind|a new post)/, /^rev: – → /]],
  },
]
