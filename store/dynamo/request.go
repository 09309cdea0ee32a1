package dynamo

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/pay-theory/streamer/aws/call"
	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/wire"
)

// CreateRequest implements [request.Store] with one call, and with one more for a
// large payload. A request that
// does not fit into an item is refused before it with PAYLOAD_TOO_LARGE.
func (s *Store) CreateRequest(ctx context.Context, r *request.Request, acquire ...request.Permit) (*request.Request, bool, error) {
	if r.ThrottledBy != "" {
		if err := s.markThrottling(ctx, r.ThrottledBy); err != nil {
			return nil, false, fmt.Errorf("dynamo: create request: %w", err)
		}
	}
	token := newToken()
	row := s.row(r, token)
	until := r.CreatedAt.Add(s.outputKept + bodySlack)
	if len(r.Payload) > maxInline {
		row[attrKept] = millis(until)
	}
	brings := row.size()
	if brings > maxItem {
		return nil, false, tooLarge(nil)
	}
	if err := s.putBodies(ctx, r, token, until); err != nil {
		return nil, false, fmt.Errorf("dynamo: create request: %w", err)
	}
	put := input{
		Item:                                row,
		ConditionExpression:                 "attribute_not_exists(#pk) OR #expires <= :now",
		ExpressionAttributeNames:            map[string]string{"#pk": "pk", "#expires": "expires"},
		ExpressionAttributeValues:           item{":now": millis(r.CreatedAt)},
		ReturnValuesOnConditionCheckFailure: "ALL_OLD",
	}
	var err error
	if len(acquire) == 0 {
		_, err = s.call(ctx, opPut, s.requests, put)
	} else {
		err = s.putTogether(ctx, put, acquire)
	}
	created := err == nil
	if taken, failed := failedOn(err); failed {
		row, err = taken, nil
		created = taken.wrote(token)
	}
	var stored *request.Request
	if err == nil {
		stored, err = s.whole(ctx, row, created)
	}
	if err == nil && created {
		stored.Payload, stored.Result = r.Payload, r.Result
	}
	if err != nil {
		return nil, false, fmt.Errorf("dynamo: create request: %w", sized(err, brings))
	}
	return stored, created, nil
}

// LoadRequest implements [request.Store] with one call, and with one more for a large
// payload or result.
func (s *Store) LoadRequest(ctx context.Context, key request.Key) (*request.Request, error) {
	out, err := s.call(ctx, opGet, s.requests, input{Key: keyOf(key), ConsistentRead: true})
	if err == nil && out.Item == nil {
		err = request.ErrNotFound
	}
	var r *request.Request
	if err == nil {
		r, err = s.whole(ctx, out.Item, false)
	}
	if err != nil {
		return nil, fmt.Errorf("dynamo: load request: %w", err)
	}
	return r, nil
}

// ChangeRequest implements [request.Store] with one call, or with two
// when it acquires or releases permits or appends output; when it throttles, with
// one or two more. A change that does
// not fit into the item is refused with PAYLOAD_TOO_LARGE; a transaction has 100
// items, so that permits and chunks together may be 99.
func (s *Store) ChangeRequest(ctx context.Context, key request.Key, c request.Change) (*request.Request, error) {
	if c.Set.ThrottledBy != "" {
		if err := s.markThrottling(ctx, c.Set.ThrottledBy); err != nil {
			return nil, fmt.Errorf("dynamo: change request: %w", err)
		}
	}
	change := s.changeAlone
	if transactional(c) {
		change = s.changeTogether
	}
	changed, err := change(ctx, key, c)
	if err != nil {
		return nil, fmt.Errorf("dynamo: change request: %w", err)
	}
	return changed, nil
}

// changeAlone makes a change of the request's item and of nothing else.
func (s *Store) changeAlone(ctx context.Context, key request.Key, c request.Change) (*request.Request, error) {
	token := newToken()
	u, err := s.newUpdate(key, c, token)
	if err != nil {
		return nil, err
	}
	if err := s.putResult(ctx, key, c, token); err != nil {
		return nil, err
	}
	brings := u.values.size()
	if brings > maxItem {
		return nil, tooLarge(nil)
	}
	out, err := s.call(ctx, opUpdate, s.requests, input{
		Key:                                 keyOf(key),
		UpdateExpression:                    u.expression(),
		ConditionExpression:                 u.condition(),
		ExpressionAttributeNames:            u.names,
		ExpressionAttributeValues:           u.values,
		ReturnValues:                        "ALL_NEW",
		ReturnValuesOnConditionCheckFailure: "ALL_OLD",
	})
	if err == nil {
		return s.answer(ctx, out.Attributes, c)
	}
	there, failed := failedOn(err)
	switch {
	case !failed:
		return nil, sized(err, brings)
	case there == nil:
		return nil, request.ErrNotFound
	}
	if there.wrote(token) {
		return s.answer(ctx, there, c)
	}
	r, err := s.whole(ctx, there, c.Brief)
	if err != nil {
		return nil, err
	}
	return nil, &request.ConflictError{Request: r}
}

// putResult writes the result of a change that is apart from the row, for the write
// with the token.
func (s *Store) putResult(ctx context.Context, key request.Key, c request.Change, token string) error {
	until := c.Set.ExpiresAt
	if until.IsZero() {
		until = time.Now().Add(s.outputKept)
	}
	return s.putBodies(ctx, &request.Request{Key: key, Result: c.Set.Result}, token, until.Add(bodySlack))
}

// answer is a change's answer from the row that it made.
func (s *Store) answer(ctx context.Context, row item, c request.Change) (*request.Request, error) {
	r, err := row.request()
	if err != nil {
		return nil, err
	}
	if err := s.keepPayload(ctx, r, row, c); err != nil {
		return nil, fmt.Errorf("keep payload: %w", err)
	}
	if c.Set.Result != nil {
		r.Result = c.Set.Result
	}
	if c.Brief {
		return r, nil
	}
	return r, s.fill(ctx, r, row)
}

// newToken names one write.
func newToken() string { return rand.Text()[:8] }

// sized tells a write that made its item too large, which DynamoDB alone can
// know: in a write of ours that brings much, nothing else can be invalid.
func sized(err error, brings int) error {
	const much = 4 << 10
	if call.HasCode(err, codeValidation) && brings > much {
		return tooLarge(err)
	}
	return err
}

func tooLarge(cause error) *request.Error {
	err := request.Errorf(wire.PayloadTooLarge, "the request would have more than %d KB with all that belongs to it, which is the most "+
		"that can be stored", maxItem>>10)
	err.Cause = cause
	return err
}

var errNoTable = errors.New("the Config does not name this table")

// call fails when the table is not configured.
func (s *Store) call(ctx context.Context, operation, table string, in input) (output, error) {
	if table == "" {
		return output{}, errNoTable
	}
	in.TableName = table
	return s.api.call(ctx, operation, in)
}
