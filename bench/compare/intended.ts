/** Intended differences from the reference that a call shows: rows of docs/design/differences.md. */

export interface IntendedDifference {
  /** The first column of the row. */
  what: string
  /** The last column. */
  why: string
  /** The calls, by label, and the parts that may differ; absent if no call shows the difference. */
  matches?: [call: RegExp, parts?: RegExp][]
}

export const intended: IntendedDifference[] = [
  {
    what: "a caller's mistake that is 500 there",
    why: 'it is not our fault',
    matches: [
      [/./, /^status: 500 → 40[0-8]/],
      [/./, /^error: "InternalServerError" → /],
      [/./, /^message: "Internal Server Error" → /],
    ],
  },
  {
    what: 'a service of others that fails',
    why: "it is somebody else's fault",
    matches: [[/./, /^status: 500 → 502/]],
  },
  {
    what: 'headers that a page may read',
    why: 'pages find them',
    matches: [[/./, /^headers\.access-control-expose-headers/]],
  },
  {
    what: '`Vary: Accept-Encoding`',
    why: 'shorter ones are the same for all',
    matches: [[/./, /^headers\.vary: .*[Aa]ccept-[Ee]ncoding/]],
  },
  {
    what: 'a refused call of a method that needs credentials',
    why: 'a refusal depends on who asked',
    matches: [[/./, /^headers\.cache-control: – → "private"/]],
  },
  {
    what: 'names of two errors',
    why: "XRPC's names",
    matches: [
      [/./, /^error: "(SyntaxError|PayloadTooLargeError)" → /],
      [/(null|half a JSON): /, /^message: /],
    ],
  },
  {
    what: 'messages about parameters',
    why: 'it says which one',
    matches: [
      [/./, /^message: "Invalid .* params: .* → .* at \$/],
      [/__proto__/, /^message/],
      [/(in the future|no number|a fraction|empty): firehose/, /message/],
    ],
  },
  {
    what: 'createRecord with a key that is taken',
    why: 'the same',
    matches: [[/a key that is there/, /409/]],
  },
  {
    what: 'getBlob and getBlocks of what is not there',
    why: 'the lexicons have the names',
    matches: [
      [
        /sync\.(getBlob|getBlocks)( #\d)?$/,
        /^(error: "InvalidRequest" → "Bl(ob|ock)NotFound"|message: "Could not find cids)/,
      ],
    ],
  },
  {
    what: '`/.well-known/did.json`',
    why: '`did:web` of the host resolves',
    matches: [[/\.well-known\/did\.json/]],
  },
  {
    what: 'requestPasswordReset for an unknown address',
    why: 'nobody learns who has an account',
    matches: [[/requestPasswordReset$/]],
  },
  {
    what: 'searchAccounts, updateAccountSigningKey',
    why: 'operators need them',
    matches: [[/admin\.(searchAccounts|updateAccountSigningKey)$/]],
  },
  {
    what: 'admin changes to an account that is not here',
    why: 'nothing was done',
    matches: [
      [/(nobody|again|state deleted).*admin\.(update\w+|deleteAccount)/],
      [/(the end again|nobody deleted): events/],
    ],
  },
  {
    what: 'updateAccountEmail',
    why: 'it would lock somebody out',
    matches: [[/(taken|bad): .*updateAccountEmail$/]],
  },
  {
    what: 'preferences',
    why: 'they are ours',
    matches: [[/^alone .*(get|put)Preferences$/]],
  },
  {
    what: 'errors of proxied calls',
    why: 'clients can wait',
    matches: [
      [/^served . proxying . an error/, /^headers\.(retry-after|atproto-)/],
      [/read-after-write . of a stranger/, /^rev: – → /],
    ],
  },
  {
    what: 'sync.requestCrawl, notifyOfUpdate',
    why: 'Tempest has it',
    matches: [[/sync\.(requestCrawl|notifyOfUpdate)$/]],
  },
  {
    what: 'getBlocks with `cids[]=`',
    why: "Tempest's clients say it",
    matches: [[/with brackets: .*getBlocks$/]],
  },
  {
    what: 'plain GET of subscribeRepos',
    why: 'it says what to do; Tempest has it',
    matches: [[/subscribeRepos$/]],
  },
  {
    what: 'messages about records',
    why: 'it may be no text',
    matches: [[/a \$type that is a number/, /^message/]],
  },
  {
    what: 'identity.resolveDid, resolveIdentity, refreshIdentity',
    why: 'a PDS resolves both all day',
    matches: [[/identity\.(resolveDid|resolveIdentity|refreshIdentity)$/]],
  },
  {
    what: 'a token of an account that is gone',
    why: 'one answer',
    matches: [
      [
        /(a token of nobody here|state deleted . as meant): /,
        /(NotFound|not found|→ 403|→ 400|body: ""|body\.passwords: \[\]|content-type: –)/,
      ],
    ],
  },
  {
    what: 'the state of an account',
    why: 'one question to the account, not two',
    matches: [[/state (takendown|deleted) .*updateHandle$/]],
  },
  {
    what: 'several mistakes in one createAccount',
    why: 'nothing is asked of the directory for them',
    matches: [[/createAccount . (a did without a token|a bad recovery key)/]],
  },
  {
    what: 'describeRepo after a change of handle',
    why: 'the server made the change itself',
    matches: [
      [/identity . changed: .*describeRepo$/],
      [/custom domains .*describeRepo$/, /^body\.(didDoc\.alsoKnownAs|handleIsCorrect)/],
    ],
  },
  {
    what: 'deleteSession soon after a refresh',
    why: 'who signs out is out',
    matches: [[/the first after the end of the second: /]],
  },
  {
    what: 'signPlcOperation of a did:web',
    why: 'no code helps',
    matches: [[/own DID .*signPlcOperation$/, /^(error|message): /]],
  },
  {
    what: 'recommended credentials of an account that was taken down',
    why: 'they are to be used elsewhere',
    matches: [[/takendown .*getRecommendedDidCredentials$/]],
  },
  {
    what: '`$link` and `$bytes` that are none',
    why: 'no reader can make anything of them',
    matches: [[/records . (a bad link|bad bytes): /]],
  },
  {
    what: 'bodies nested deeper than 64 levels, records deeper than 32',
    why: 'readers stop before that',
    matches: [[/records . far too deep: /]],
  },
  {
    what: 'several writes to one record in one applyWrites',
    why: 'an event has one operation for each path',
    matches: [[/create and (delete|update): /]],
  },
  {
    what: 'the event of an empty applyWrites',
    why: 'every event has what its commit names',
    matches: [[/records . nothing: events/, /blocks/]],
  },
  {
    what: 'getRepo since a rev that is to come',
    why: 'it can be read',
    matches: [[/since later: .*getRepo$/]],
  },
  {
    what: 'the event of importRepo into an active account',
    why: 'relays learn that the repo is another',
    matches: [[/an import while active: events/, /#sync/]],
  },
  {
    what: 'OAuth: whether a token is good',
    why: 'apps need not try it out',
    matches: [[/oauth-authorization-server/, /introspection_endpoint/]],
  },
  {
    what: 'checkAccountStatus',
    why: 'tools ask for both',
    matches: [
      [
        /checkAccountStatus$/,
        /^body\.(active|status|migrationReady|missingBlobCount|recordCount|repoCount): –/,
      ],
    ],
  },
  {
    what: 'invite codes that were earned just now',
    why: 'clients know the lexicon',
    matches: [[/getAccountInviteCodes/, /availableUses: 1 → –/]],
  },
  {
    what: 'an error page of a service that the server calls itself',
    why: 'one message',
    matches: [[/(createReport|getFeed|registerPush)$/, /^message: "Upstream server responded/]],
  },
  {
    what: 'paths that are not there',
    why: 'clients read JSON',
    matches: [
      [
        /routes . [A-Z]+: ./,
        /(<!DOCTYPE|content-security-policy|x-content-type-options|content-type: "text.html|invalid xrpc path|^status: 404 → 400|XRPC requests only)/,
      ],
    ],
  },
  {
    what: '`/.well-known/atproto-did` of nobody',
    why: 'it is text',
    matches: [[/atproto-did/, /content-type/]],
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
    what: 'names of methods in capitals',
    why: 'NSIDs are told apart by case',
    matches: [[/COM\.(ATPROTO|atproto)/]],
  },
  {
    what: 'updateHandle to the handle that it is',
    why: 'nothing is new for the directory',
    matches: [[/identity . operations/]],
  },
  {
    what: 'preflight of `/.well-known/oauth-protected-resource`',
    why: 'one rule for all paths',
    matches: [
      [
        /oauth-protected-resource/,
        /access-control|^body: "GET,HEAD"|^status: 200 → 204|content-type/,
      ],
    ],
  },
  {
    what: 'views brought up to date',
    why: 'clients see how far behind the rest is',
    matches: [[/read-after-write . (behind|a new post)/, /^rev: – → /]],
  },
]
