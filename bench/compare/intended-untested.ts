/** Intended differences that no single call shows: the other rows of docs/design/differences.md. */
import type { IntendedDifference } from './intended.ts'

export const intendedUntested: IntendedDifference[] = [
  {
    what: 'text with NUL or lone surrogates',
    why: 'consumers with Postgres cannot store it; UTF-8 would change it',
  },
  {
    what: "importRepo of a repo that is not the account's own",
    why: 'consumers could not verify it',
  },
  { what: 'order of blocks in getRepo', why: 'readers can verify it while streaming' },
  { what: 'an imported repo on the firehose', why: 'relays stay up to date' },
  { what: '`seq`', why: 'relays ignore a server whose seq decreases, for example after a restore' },
  { what: 'old events', why: 'the log does not outgrow the disk' },
  { what: 'a second app password with the same name', why: 'see the first row' },
  { what: 'failing mail server', why: 'another service is at fault' },
  { what: 'getAccountInfos', why: 'each account may have to be woken' },
  {
    what: 'rate limit of createSession',
    why: '`Alice` and `alice` are one account, with 30 attempts',
  },
  { what: 'rate limits by address', why: 'a customer has 2⁶⁴ addresses' },
  {
    what: 'rate limits with several processes',
    why: 'the limiter is an actor; `PDS_REDIS_SCRATCH_*` have no effect',
  },
  { what: 'OAuth: missing scope', why: 'RFC 6750; clients can ask for it' },
  { what: 'OAuth: concurrent refreshes of one token', why: 'the client is at fault' },
  {
    what: 'OAuth: reuse of a code ends its session',
    why: 'after that the code is useless anyway',
  },
  {
    what: 'OAuth: signing in, signing up, resetting a password',
    why: 'same protection against guessing',
  },
  { what: 'OAuth: unused devices', why: 'bounded storage' },
  { what: 'OAuth: nonces of DPoP proofs', why: "gateways accept each other's nonces" },
  {
    what: "OAuth: a request in the page's URL",
    why: 'it must be pushed, as the metadata says',
  },
  {
    what: "OAuth: a DPoP proof by the client's own key",
    why: 'required by the specification; the library intends to',
  },
  {
    what: 'rate limits of 1,000 points and more',
    why: '[0017](../decisions/0017-rate-limit-points-are-leased.md)',
  },
  { what: 'rate limits: calls with the wrong HTTP method', why: 'they cost nothing' },
  { what: 'trusted proxies', why: 'public load balancers' },
  { what: 'requestCrawl of crawlers', why: 'the last write of a burst is crawled too' },
  { what: 'announcing an account to relays again', why: 'operators need it' },
  {
    what: 'suspending an account',
    why: 'a temporary takedown keeps the sessions',
  },
  { what: 'second factors', why: '[second factors](second-factors.md)' },
  {
    what: '`/xrpc/_health?storage`, `/xrpc/_stats`, `/xrpc/_admin/status`, `/metrics`',
    why: 'operators and Tempest',
  },
  { what: 'unreferenced temporary blobs', why: 'disks fill up' },
  {
    what: 're-upload of the same bytes with another type',
    why: 'records must state the stored type',
  },
  {
    what: 'a taken-down blob that is no longer referenced',
    why: 'a deletion must not undo a takedown',
  },
  { what: 'the bytes of a referenced blob are lost', why: 'disks fail' },
  { what: 'blobs per account', why: 'off by default' },
  { what: '`deleteAfter` of a deactivation', why: 'the lexicon promises it' },
]
