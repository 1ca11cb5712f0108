// SPDX-License-Identifier: GPL-3.0-or-later
// A hospital's front door for tests: oidc-provider signs people and installations in, and a FHIR server behind it is
// reached only with a token that it gave. Whoever comes to sign in is Dr Example and consents at once.
//
//   node provider.mjs UPSTREAM [JWKS-FILE]     UPSTREAM: base of the FHIR server, http://127.0.0.1:PORT/fhir/
//
// Says "ready: BASE" and ends with its stdin. POST /test/expire: every access token given so far is refused.

import { readFileSync } from 'node:fs'
import { createServer, request as httpRequest } from 'node:http'
import { Provider } from 'oidc-provider'

const upstream = new URL(process.argv[2])
const jwks = process.argv[3] ? JSON.parse(readFileSync(process.argv[3], 'utf8')) : undefined
const scopes = ['openid', 'offline_access', 'fhirUser', 'user/*.cruds', 'system/*.cruds']
const expired = new Set(), given = new Set()
let provider, handle

const clients = [{
  client_id: 'rounds-ward', application_type: 'native', token_endpoint_auth_method: 'none',
  redirect_uris: ['http://127.0.0.1/callback'], grant_types: ['authorization_code', 'refresh_token'],
  response_types: ['code'],
}]
if (jwks) clients.push({
  client_id: 'rounds-backend', token_endpoint_auth_method: 'private_key_jwt', jwks, redirect_uris: [],
  token_endpoint_auth_signing_alg: 'ES384', grant_types: ['client_credentials'], response_types: [],
})

const send = (res, status, body) => {
  res.writeHead(status, { 'content-type': 'application/json' })
  res.end(JSON.stringify(body))
}

const server = createServer(async (req, res) => {
  try {
    const origin = `http://127.0.0.1:${server.address().port}`
    if (req.url === '/fhir/.well-known/smart-configuration') {
      send(res, 200, {
        issuer: origin, authorization_endpoint: `${origin}/auth`, token_endpoint: `${origin}/token`,
        revocation_endpoint: `${origin}/token/revocation`, code_challenge_methods_supported: ['S256'],
        grant_types_supported: ['authorization_code', 'client_credentials'], scopes_supported: scopes,
        authorization_response_iss_parameter_supported: true, capabilities: ['permission-v2', 'client-public'],
      })
    } else if (req.url === '/test/expire') {
      for (const token of given) expired.add(token)
      send(res, 200, {})
    } else if (req.url.startsWith('/fhir/')) {
      await forward(req, res)
    } else if (req.url.startsWith('/interaction/')) {
      await interact(req, res)
    } else {
      handle(req, res)
    }
  } catch (error) {
    console.error(error.message)
    send(res, 500, {})
  }
})

async function forward (req, res) {
  const token = /^Bearer ([^ ]+)$/.exec(req.headers.authorization ?? '')?.[1]
  const found = token && (await provider.AccessToken.find(token) ?? await provider.ClientCredentials.find(token))
  if (!found || expired.has(token) || !/\.cruds/.test(found.scope)) {
    send(res, 401, { resourceType: 'OperationOutcome', issue: [{ severity: 'error', code: 'login' }] })
    return
  }
  given.add(token)
  const { authorization, host, ...headers } = req.headers
  const onward = httpRequest(new URL(req.url.replace(/^\/fhir\//, upstream.pathname), upstream.origin),
    { method: req.method, headers }, answer => {
      res.writeHead(answer.statusCode, answer.headers)
      answer.pipe(res)
    })
  onward.on('error', () => res.destroy())
  req.pipe(onward)
}

async function interact (req, res) {
  const { prompt, params, session } = await provider.interactionDetails(req, res)
  if (prompt.name === 'login') {
    await provider.interactionFinished(req, res, { login: { accountId: 'dr-example' } }, { mergeWithLastSubmission: false })
    return
  }
  const grant = new provider.Grant({ accountId: session.accountId, clientId: params.client_id })
  grant.addOIDCScope(params.scope)
  const grantId = await grant.save()
  await provider.interactionFinished(req, res, { consent: { grantId } }, { mergeWithLastSubmission: true })
}

server.listen(0, '127.0.0.1', () => {
  const origin = `http://127.0.0.1:${server.address().port}`
  provider = new Provider(origin, {
    clients, scopes,
    claims: { openid: ['sub'], fhirUser: ['fhirUser'] },
    conformIdTokenClaims: false,
    cookies: { keys: ['for tests'] },
    enabledJWA: { clientAuthSigningAlgValues: ['ES384', 'RS384'] },
    features: {
      devInteractions: { enabled: false }, revocation: { enabled: true }, clientCredentials: { enabled: true },
    },
    findAccount: (ctx, id) => ({ accountId: id, claims: () => ({ sub: id, fhirUser: `${origin}/fhir/Practitioner/12` }) }),
    interactions: { url: (ctx, interaction) => `/interaction/${interaction.uid}` },
    rotateRefreshToken: true,
    issueRefreshToken: (ctx, client, code) => code.scopes.has('offline_access'),
    ttl: { AccessToken: 600, ClientCredentials: 300, Grant: 3600, IdToken: 600, Interaction: 600, RefreshToken: 3600,
      Session: 3600 },
  })
  handle = provider.callback()
  console.log(`ready: ${origin}/fhir`)
})
process.stdin.resume()
process.stdin.on('end', () => process.exit(0))
