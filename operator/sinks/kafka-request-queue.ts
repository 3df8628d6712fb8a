import RequestQueue from 'kafkajs/src/network/requestQueue/index.js';

const { scheduleCheckPendingRequests } = RequestQueue.prototype;

/**
 * Keeps kafkajs 2.2.4 from waking up every millisecond on each connection, and Node.js from warning of negative
 * time-outs: it schedules a look at its waiting requests even when none waits (https://github.com/tulios/kafkajs/issues/1704).
 */
export function calmRequestQueues(): void {
  RequestQueue.prototype.scheduleCheckPendingRequests = function (this: RequestQueue) {
    if (this.pending.length > 0) scheduleCheckPendingRequests.call(this);
  };
}
