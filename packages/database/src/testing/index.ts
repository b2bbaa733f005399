export { type FaultProxy, startFaultProxy, type Verdict } from './fault-proxy.ts';
export { type ReplicatedCluster, startReplicatedCluster } from './replicated-cluster.ts';
export { startTestCluster, type TestCluster, type TestClusterConnections, type TestClusterOptions } from './test-cluster.ts';
export { createTestDatabase, type TestDatabase } from './test-database.ts';
export { waitUntil } from './wait-until.ts';
export { whileLocked } from './while-locked.ts';
