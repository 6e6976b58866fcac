import { describe, expect, it } from 'vitest'
import { sealedCookie } from '#src/gateway/members-elsewhere/sealed-cookie.ts'

const clock = { time: 1_000_000, now: () => clock.time }
const secret = new TextEncoder().encode('a secret of the tests')
const publicUrl = 'https://pds.example.com'
const options = { secret, clock, publicUrl, lifetimeMs: 60_000 }
const cookie = sealedCookie<{ did: string }>('member', options)
const value = { did: 'did:plc:bob' }
/** What the browser sends. */
const sent = (setCookie: string | undefined) => setCookie!.split(';', 1)[0]!

describe('a sealed cookie', () => {
  it('is for this server and its scripts cannot read it', () => {
    const written = cookie.write(value)!
    expect(written).toMatch(
      /^__Host-member=[\w-]+; Max-Age=60; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
    )
    expect(written).not.toContain('bob')
    expect(cookie.read(`other=1; ${sent(written)}`)).toEqual(value)
    expect(cookie.clear).toContain('Max-Age=0')
  })

  it('is read by every gateway with the secret, and under its own name only', () => {
    const written = sent(cookie.write(value))
    expect(sealedCookie('member', options).read(written)).toEqual(value)
    const other = sealedCookie('member', { ...options, secret: new TextEncoder().encode('other') })
    expect(other.read(written)).toBeUndefined()
    const renamed = written.replace('__Host-member', '__Host-elsewhere')
    expect(sealedCookie('elsewhere', options).read(renamed)).toBeUndefined()
  })

  it('is nothing if it was changed, or its time is over', () => {
    const written = sent(cookie.write(value))
    const changed = `${written.slice(0, -4)}${written.endsWith('AAAA') ? 'BBBB' : 'AAAA'}`
    expect(cookie.read(changed)).toBeUndefined()
    expect(cookie.read('__Host-member=')).toBeUndefined()
    clock.time += 60_000
    expect(cookie.read(written)).toBeUndefined()
  })

  it('is not written if a browser would drop it', () => {
    expect(cookie.write({ did: 'x'.repeat(4_000) })).toBeUndefined()
  })
})
