/** The service for a method, the headers of a proxied call, and the encodings of its answer. */
import { describe, expect, it } from 'vitest'
import { XrpcError } from '#src/errors.ts'
import { commonEncodings } from '#src/gateway/proxy/accept-encoding.ts'
import { forwardedHeaders, returnedHeaders } from '#src/gateway/proxy/forwarded-headers.ts'
import { isPrivilegedMethod, isProtectedMethod } from '#src/gateway/proxy/method-rules.ts'
import { audienceOf, takesReports, targetFinder } from '#src/gateway/proxy/target.ts'

const service = (name: string) => ({
  did: `did:web:${name}.example`,
  url: `https://${name}.example`,
})
const services = {
  appView: service('appview'),
  moderation: service('mod'),
  report: service('report'),
}
const none = { appView: undefined, moderation: undefined, report: undefined }
const emptyResolver = { resolve: async () => undefined, refresh: async () => undefined }

describe('the service for a method', () => {
  const find = targetFinder(services, emptyResolver)
  it.each([
    ['app.bsky.feed.getTimeline', 'appview', 'bsky_appview'],
    ['com.example.anything', 'appview', 'bsky_appview'],
    ['chat.bsky.convo.getLog', 'appview', 'bsky_appview'],
    ['com.atproto.moderation.createReport', 'report', 'atproto_labeler'],
    ['tools.ozone.moderation.queryEvents', 'mod', 'atproto_labeler'],
    ['tools.ozone.team.listMembers', 'mod', 'atproto_labeler'],
    ['tools.ozone.something.newer', 'appview', 'bsky_appview'],
  ])('the default service for %s is %s', async (nsid, name, serviceId) => {
    expect(await find(nsid, undefined)).toEqual({ ...service(name), serviceId })
  })

  it('a method has no service if its service is not configured', async () => {
    for (const nsid of ['com.example.a', 'com.atproto.moderation.createReport']) {
      await expect(targetFinder(none, emptyResolver)(nsid, undefined)).rejects.toMatchObject({
        status: 400,
        message: `No service configured for ${nsid}`,
      })
    }
  })

  it('reports stay here only if that is set, there is no service for them, and the app names none', () => {
    const reportsHere = 'did:web:pds.example'
    const nsid = 'com.atproto.moderation.createReport'
    expect(takesReports(none)).toBe(false)
    expect(takesReports({ ...services, reportsHere })).toBe(false)
    expect(takesReports({ ...none, reportsHere })).toBe(true)
    expect(audienceOf({ ...none, reportsHere }, nsid, undefined)).toBe(`${reportsHere}#atproto_pds`)
    expect(audienceOf({ ...none, reportsHere }, nsid, 'did:web:m#x')).toBe('did:web:m#x')
  })

  it('atproto-proxy selects the service by its DID document, except for the configured AppView', async () => {
    const did = 'did:web:other.example'
    const document = {
      id: did,
      service: [{ id: '#feed', type: 'Any', serviceEndpoint: 'https://there.example' }],
    }
    const named = targetFinder(services, { ...emptyResolver, resolve: async () => document })
    expect(await named('com.example.a', `${did}#feed`)).toEqual({
      ...{ did, serviceId: 'feed', url: 'https://there.example' },
    })
    const own = `${services.appView.did}#bsky_appview`
    expect(await find('com.example.a', own)).toMatchObject(services.appView)
    const unsure = async () => {
      throw new XrpcError(502, 'UpstreamFailure', 'nobody can tell')
    }
    const lost = targetFinder(services, { ...emptyResolver, resolve: unsure })
    await expect(lost('com.example.a', `${did}#feed`)).rejects.toMatchObject({ status: 502 })
  })
})

describe('an atproto-proxy header', () => {
  it.each([
    ['no DID', '#other', 'no did specified in proxy header'],
    ['no service', 'did:web:a.example', 'no service id specified in proxy header'],
    ['an empty service', 'did:web:a.example#', 'no service id specified in proxy header'],
    ['two services', 'did:web:a.example#a#b', 'invalid proxy header format'],
    ['two marks', 'did:web:a.example##', 'invalid proxy header format'],
    ['a space', 'did:web:a.example #a', 'proxy header cannot contain spaces'],
    ['an unknown DID', 'did:web:a.example#a', 'could not resolve proxy did'],
    ['what is no DID', 'nonsense#a', 'could not resolve proxy did'],
  ])('an atproto-proxy header with %s is rejected', async (_, header, message) => {
    const finding = targetFinder(services, emptyResolver)('com.example.a', header)
    await expect(finding).rejects.toMatchObject({ status: 400, error: 'InvalidRequest', message })
  })
})

describe('methods', () => {
  it('methods are protected and privileged in any case', () => {
    expect(isProtectedMethod('com.atproto.server.updateEmail')).toBe(true)
    expect(isProtectedMethod('COM.atproto.server.UPDATEEMAIL')).toBe(true)
    expect(isProtectedMethod('com.atproto.server.createAccount')).toBe(false)
    expect(isPrivilegedMethod('com.atproto.server.createAccount')).toBe(true)
    expect(isPrivilegedMethod('Chat.bsky.convo.sendmessage')).toBe(true)
    expect(isPrivilegedMethod('chat.bsky.convo.newerThanThisList')).toBe(true)
    expect(isPrivilegedMethod('app.bsky.feed.getTimeline')).toBe(false)
  })
})

describe('headers', () => {
  it('request headers are forwarded only if they are for the service', () => {
    const headers = new Headers({
      ...{ 'Accept-Language': 'de', 'X-Atproto-New': '1', 'x-bsky-topics': 'a' },
      ...{ authorization: 'Bearer secret', cookie: 'a=1', host: 'pds', 'x-real-ip': '1.2.3.4' },
      ...{ 'atproto-proxy': 'did#x', 'content-type': 'text/plain', dpop: 'proof' },
    })
    expect(forwardedHeaders(headers)).toEqual({
      ...{ 'accept-language': 'de', 'x-atproto-new': '1', 'x-bsky-topics': 'a' },
    })
  })

  it('response headers are forwarded only if they are for the client', () => {
    const headers = {
      ...{ 'content-type': 'application/json', 'content-length': '3', 'set-cookie': ['a=1'] },
      ...{ 'atproto-repo-rev': '3a', 'access-control-allow-origin': 'https://evil', server: 'x' },
    }
    const content = { 'content-length': '3', 'content-type': 'application/json' }
    expect(returnedHeaders({ headers }, { content: true })).toEqual({
      ...content,
      'atproto-repo-rev': '3a',
    })
    expect(returnedHeaders({ headers }, { content: false })).toEqual({ 'atproto-repo-rev': '3a' })
  })
})

describe('Accept-Encoding', () => {
  it.each([
    [undefined, 'identity;q=1'],
    ['', 'identity;q=1'],
    ['gzip', 'identity;q=1,gzip;q=0.3'],
    ['gzip, deflate, br, zstd', 'identity;q=1,gzip;q=0.3,deflate;q=0.2,br;q=0.1'],
    ['*', 'identity;q=1,gzip;q=0.3,deflate;q=0.2,br;q=0.1'],
    ['br;q=0.5,gzip;q=0', 'identity;q=1,br;q=0.1'],
    ['gzip,identity;q=0', 'gzip;q=0.3,*;q=0'],
  ])('Accept-Encoding %j is forwarded as %j', (header, common) => {
    expect(commonEncodings(header, false)).toBe(common)
  })

  it('Accept-Encoding prefers compression if configured', () => {
    expect(commonEncodings('gzip', true)).toBe('gzip;q=1,identity;q=0.1')
  })

  it.each([
    ['zstd,identity;q=0', 406, 'NotAcceptable'],
    ['identity;q=0', 406, 'NotAcceptable'],
    ['gzip;q=2', 400, 'InvalidRequest'],
    ['gzip;level=1', 400, 'InvalidRequest'],
    ['=', 400, 'InvalidRequest'],
  ])('Accept-Encoding %j is rejected', (header, status, error) => {
    expect(() => commonEncodings(header, false)).toThrow(expect.objectContaining({ status, error }))
  })
})
