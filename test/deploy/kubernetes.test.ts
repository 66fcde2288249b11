import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { readConfig } from '../../src/config/read-config';
import { packageRoot } from '../../src/package-root';
import { type Labels, kustomize, type Manifest } from '../support/kustomize';
import { validateManifests } from '../support/python-tools';
import { settingNames } from '../support/setting-names';

interface Probe {
  readonly grpc: { readonly port: number; readonly service: string };
}

interface Container {
  readonly command?: readonly string[];
  readonly securityContext: unknown;
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
  readonly env: readonly { readonly name: string; readonly value?: string }[];
  readonly lifecycle: { readonly preStop: { readonly sleep: { readonly seconds: number } } };
  readonly resources: { readonly limits: Labels; readonly requests: Labels };
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
  readonly startupProbe: Probe;
  readonly readinessProbe: Probe;
  readonly livenessProbe: Probe;
}

interface PodSpec {
  readonly automountServiceAccountToken: boolean;
  readonly securityContext: unknown;
  readonly terminationGracePeriodSeconds: number;
  readonly containers: readonly [Container];
  readonly volumes: readonly { readonly name: string; readonly secret: { readonly secretName: string } }[];
}

interface DeploymentSpec {
  readonly selector: { readonly matchLabels: Labels };
  readonly template: { readonly metadata: { readonly labels: Labels }; readonly spec: PodSpec };
}

interface JobSpec {
  readonly template: { readonly spec: PodSpec };
}

interface ServicePort {
  readonly name: string;
  readonly port: number;
  readonly targetPort: string;
}

/** Returns the problems that `kubernetes-validate` reports. */
async function problemsOf(text: string): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'manifests-'));
  const file = join(folder, 'all.yaml');
  writeFileSync(file, text);
  const output = await validateManifests(file);
  rmSync(folder, { recursive: true });
  return output.split('\n').filter((line) => line !== '' && !/^INFO .* passed /.test(line));
}

/** Expects what a `restricted` namespace requires: https://kubernetes.io/docs/concepts/security/pod-security-standards/. */
function expectRestricted({
  automountServiceAccountToken,
  securityContext,
  containers: [container],
}: PodSpec) {
  expect(automountServiceAccountToken).toBe(false);
  expect(securityContext).toMatchObject({
    ...{ runAsNonRoot: true, runAsUser: 65532 },
    seccompProfile: { type: 'RuntimeDefault' },
  });
  expect(container.securityContext).toEqual({
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ['ALL'] },
  });
  expect(Object.keys(container.resources.limits)).toEqual(['cpu', 'memory']);
}

test('the job that creates indexes is valid and restricted, and takes MONGODB_URI from the secret', async () => {
  const text = readFileSync(join(packageRoot(), 'deploy', 'kubernetes', 'make-indexes.yaml'), 'utf8');
  // The validator requires the name that Kubernetes generates.
  expect(await problemsOf(text.replace('generateName: make-indexes-', 'name: make-indexes'))).toEqual([]);
  const { spec: job } = parse(text) as { spec: JobSpec };
  expectRestricted(job.template.spec);
  const [container] = job.template.spec.containers;
  expect(container.command).toEqual(['node', 'dist/main.js', '--create-indexes']);
  expect(container.env).toMatchObject([
    {
      name: 'MONGODB_URI',
      valueFrom: { secretKeyRef: { name: 'conversation-sessions-database', key: 'MONGODB_URI' } },
    },
  ]);
}, 180_000);

describe.each(['example', 'tls'])('the overlay %s', (overlay) => {
  let text: string;
  let manifests: Manifest[];
  let deployment: DeploymentSpec;
  let container: Container;

  const specOf = (kind: string, name = 'conversation-sessions'): unknown => {
    const found = manifests.find((one) => one.kind === kind && one.metadata.name === name);
    if (found?.spec === undefined) throw new Error(`no ${kind} ${name}`);
    return found.spec;
  };

  beforeAll(async () => {
    ({ text, manifests } = await kustomize(overlay));
    deployment = specOf('Deployment') as DeploymentSpec;
    [container] = deployment.template.spec.containers;
  }, 300_000);

  it('conforms to the schemas of Kubernetes', async () => {
    // From the Prometheus operator: Kubernetes has no schema for it.
    expect(await problemsOf(text)).toEqual([
      expect.stringMatching(/schema for kind ServiceMonitor/) as string,
    ]);
  }, 180_000);

  it('contains all resources of a deployment, in its namespace', () => {
    expect(manifests.map(({ kind }) => kind).sort()).toEqual([
      ...['ConfigMap', 'Deployment', 'HorizontalPodAutoscaler', 'Namespace', 'NetworkPolicy'],
      ...['PodDisruptionBudget', 'Secret', 'Secret', 'Secret', 'Service', 'Service', 'ServiceMonitor'],
    ]);
    for (const { kind, metadata } of manifests)
      if (kind !== 'Namespace') expect(metadata).toMatchObject({ namespace: 'conversation' });
  });

  it('every resource selects the pods of the Deployment', () => {
    const { labels } = deployment.template.metadata;
    const selectors: Labels[] = [
      deployment.selector.matchLabels,
      (specOf('Service') as { selector: Labels }).selector,
      (specOf('Service', 'conversation-sessions-grpc') as { selector: Labels }).selector,
      (specOf('PodDisruptionBudget') as { selector: { matchLabels: Labels } }).selector.matchLabels,
      (specOf('NetworkPolicy') as { podSelector: { matchLabels: Labels } }).podSelector.matchLabels,
    ];
    for (const selector of selectors) {
      expect(Object.keys(selector).length).toBeGreaterThan(0);
      expect(labels).toMatchObject(selector);
    }
    expect(specOf('HorizontalPodAutoscaler')).toMatchObject({
      scaleTargetRef: { kind: 'Deployment', name: 'conversation-sessions' },
    });
  });

  it('services and the network policy refer to existing ports', () => {
    const ports = new Map(container.ports.map(({ name, containerPort }) => [name, containerPort]));
    const services = [
      specOf('Service') as { ports: ServicePort[] },
      specOf('Service', 'conversation-sessions-grpc') as { ports: ServicePort[] },
    ];
    for (const { port, targetPort } of services.flatMap((service) => service.ports))
      expect(ports.get(targetPort)).toBe(port);
    const policy = specOf('NetworkPolicy') as { ingress: [{ ports: { port: string }[] }] };
    expect(policy.ingress[0].ports.map(({ port }) => port)).toEqual([...ports.keys()]);
    expect([...ports.values()]).toEqual([readConfig({}).grpcPort, readConfig({}).httpPort, 50052]);
  });

  it('the gRPC service is headless, so that clients balance calls over the pods', () => {
    expect(specOf('Service', 'conversation-sessions-grpc')).toMatchObject({ clusterIP: 'None' });
  });

  it('probes use existing health services: an outage makes pods unready and restarts nothing', () => {
    const service = (probe: 'startupProbe' | 'readinessProbe' | 'livenessProbe') => container[probe].grpc;
    expect(service('readinessProbe')).toEqual({ port: 50052, service: 'conversation.v1.SessionService' });
    expect(service('livenessProbe')).toEqual({ port: 50052, service: 'liveness' });
    expect(service('startupProbe')).toEqual({ port: 50052, service: 'liveness' });
    expect(container.env).toContainEqual({ name: 'HEALTH_PORT', value: '50052' });
  });

  it('gives calls in flight time to finish', () => {
    const grace = deployment.template.spec.terminationGracePeriodSeconds;
    const { seconds } = container.lifecycle.preStop.sleep;
    // The process exits at most 1.5 s after its grace period.
    expect(grace).toBeGreaterThan(seconds + readConfig({}).shutdownGraceMs / 1000 + 1.5);
    expect(deployment).toMatchObject({ strategy: { rollingUpdate: { maxUnavailable: 0 } } });
  });

  it('runs with minimal privileges and resource limits', () => {
    expectRestricted(deployment.template.spec);
    const heap = /--max-old-space-size=(\d+)/.exec(
      container.env.find(({ name }) => name === 'NODE_OPTIONS')?.value ?? '',
    )?.[1];
    expect(Number(heap)).toBeLessThan(parseInt(container.resources.limits.memory ?? '', 10));
  });

  it('uses only existing settings, and mounts their files', async () => {
    const settings = await settingNames();
    const data = manifests.find(({ kind }) => kind === 'ConfigMap')?.data ?? {};
    const names = [...container.env.map(({ name }) => name), ...Object.keys(data)];
    expect(names.filter((name) => name !== 'NODE_OPTIONS' && !settings.includes(name))).toEqual([]);
    const files = container.env.flatMap(({ value }) => (value?.startsWith('/etc/') === true ? [value] : []));
    const folders = container.volumeMounts.map(({ mountPath }) => mountPath);
    expect(files.map((file) => file.slice(0, file.lastIndexOf('/')))).toEqual(
      expect.arrayContaining(folders) as string[],
    );
    const volumes = deployment.template.spec.volumes.map(({ name }) => name);
    expect(container.volumeMounts.map(({ name }) => name).sort()).toEqual(volumes.sort());
    expect(files.length).toBe(overlay === 'tls' ? 3 : 1);
  });

  it('the scrape configuration has the metrics path, and a token that the service accepts', () => {
    const monitor = specOf('ServiceMonitor') as {
      selector: { matchLabels: Labels };
      endpoints: [
        { port: string; scheme?: string; authorization: { credentials: { name: string; key: string } } },
      ];
    };
    const service = manifests.find(
      ({ kind, metadata }) => kind === 'Service' && metadata.name === 'conversation-sessions',
    );
    expect(service?.metadata.labels).toMatchObject(monitor.selector.matchLabels);
    const [endpoint] = monitor.endpoints;
    expect((specOf('Service') as { ports: ServicePort[] }).ports.map(({ name }) => name)).toContain(
      endpoint.port,
    );
    expect(endpoint.scheme ?? 'http').toBe(overlay === 'tls' ? 'https' : 'http');
    const { name, key } = endpoint.authorization.credentials;
    const decode = (value = ''): string => Buffer.from(value, 'base64').toString();
    const secret = manifests.find((one) => one.kind === 'Secret' && one.metadata.name === name);
    const token = decode(secret?.data?.[key]);
    const tokens = manifests.find(({ metadata }) => metadata.name.startsWith('conversation-sessions-tokens'));
    const hash = createHash('sha256').update(token).digest('hex');
    expect(decode(tokens?.data?.tokens)).toContain(`${hash} read-only`);
  });
});
