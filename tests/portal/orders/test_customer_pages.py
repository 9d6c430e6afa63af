"""What customers see of their own orders, signed in and behind a signed link."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from portal.config import Settings
from portal.database import db, utcnow
from portal.links import TRACKING_DAYS, Tracked, tracking_link
from portal.models import AuditEvent, Backorder, Customer, Notice, OutboxMessage
from portal.services import backorders, notices, picking, shipping
from portal.services.shipping import Parcel
from tests.builders import order, receive
from tests.portal.orders.scene import (
    STAFF,
    Scene,
    context,
    first_line,
    open_lines,
    open_list,
    set_up,
    supplier_moves,
    watch,
)

SignIn = Callable[[str], FlaskClient]


@pytest.fixture
def scene(session: Session) -> Scene:
    return set_up(session)


def token_of(settings: Settings, backorder: Backorder) -> str:
    link = tracking_link(settings, Tracked(backorder.customer_id, backorder.number))
    return link.rpartition("/")[2]


def pages(scene: Scene) -> list[str]:
    return [
        f"/my/orders/{scene.order_number}",
        f"/my/backorders/{scene.number}",
        f"/my/backorders/{scene.number}/cancel",
    ]


def test_the_owner_sees_what_is_open_and_the_rival_sees_nothing_of_it(scene: Scene, sign_in: SignIn) -> None:
    nora = sign_in("nora@shop.example").get("/my/orders").text
    assert scene.order_number in nora
    assert "Waiting for goods" in nora
    assert "4 from stock" in nora
    otto = sign_in("otto@trade.example")
    listed = otto.get("/my/orders").text
    assert scene.order_number not in listed
    assert scene.rival.order_line.order.number in listed
    for page in pages(scene):
        assert sign_in("nora@shop.example").get(page).status_code == 200
        assert otto.get(page).status_code == 404
    refused = otto.post(f"/my/backorders/{scene.number}/cancel", data={"reason_code": "too_late"})
    assert refused.status_code == 404


def test_suppliers_and_staff_have_no_orders_of_their_own(scene: Scene, sign_in: SignIn) -> None:
    for email in ("sue@acme.example", *(f"{role}@staff.example" for role in STAFF)):
        client = sign_in(email)
        for page in ("/my/orders", *pages(scene)):
            assert client.get(page).status_code == 403, (email, page)


def test_a_stranger_is_asked_to_sign_in(scene: Scene, app: Flask) -> None:
    for page in ("/my/orders", *pages(scene)):
        answer = app.test_client().get(page)
        assert answer.status_code == 302
        assert answer.location.startswith("/sign-in")


def test_the_page_answers_four_questions_without_naming_a_supplier(
    scene: Scene, session: Session, sign_in: SignIn
) -> None:
    first = supplier_moves(session, scene, 20)
    later = supplier_moves(session, scene, 35)
    page = sign_in("nora@shop.example").get(f"/my/backorders/{scene.number}").text
    for question in ("Where is it now?", "Since when?", "What next, and when?", "What can I do?"):
        assert question in page
    assert "on order with our supplier" in page
    assert "Our supplier moved the date (material shortage)" in page
    handling = timedelta(scene.company.main.handling_days)
    for day in (first + handling, later + handling):
        assert f"{day.day} {day:%B %Y}" in page
    assert "now expected" in page  # the subject of the mail that told of it
    for secret in ("Acme", "ACME", "Otto", "Bea Buyer", "Rival"):
        assert secret not in page


def test_a_parcel_is_followed_to_the_door(scene: Scene, session: Session, sign_in: SignIn) -> None:
    receive(session, context(), first_line(session), 6)
    nora = sign_in("nora@shop.example")
    address = f"/my/backorders/{scene.number}"
    assert "All 6\N{NO-BREAK SPACE}ea are in our warehouse" in nora.get(address).text
    picking.start_picking(session, context(), open_list(session).number)
    assert "being picked and packed" in nora.get(address).text
    sent = shipping.ship_backorder(
        session, context(), scene.number, Parcel(scene.backorder.quantity, "DHL", "T-77")
    )
    shipped = nora.get(address).text
    assert "on its way to you with DHL" in shipped
    assert "T-77" in shipped
    assert "Cancel…" not in shipped
    shipping.deliver(session, context(), sent.id)
    assert "have reached you" in nora.get(address).text
    still = nora.get("/my/orders").text  # the 4 from stock have not left
    assert "Reserved for you" in still
    assert "Delivered" not in still
    [rest] = [line for line in open_lines(session) if line.allocation.backorder_id is None]
    sent = shipping.ship_line(session, context(), rest.id, "DHL", "T-78")
    assert "On its way" in nora.get("/my/orders").text
    shipping.deliver(session, context(), sent.id)
    assert scene.order_number not in nora.get("/my/orders").text
    assert "Delivered" in nora.get("/my/orders?show=all").text
    assert "T-78" in nora.get(f"/my/orders/{scene.order_number}").text


def test_cancelling_asks_for_a_reason_and_then_waits_for_the_workflow(
    scene: Scene, session: Session, sign_in: SignIn
) -> None:
    nora = sign_in("nora@shop.example")
    address = f"/my/backorders/{scene.number}"
    asked = nora.get(f"{address}/cancel").text
    assert "6\N{NO-BREAK SPACE}ea will not be delivered" in asked
    without = nora.post(f"{address}/cancel", data={})
    assert without.status_code == 422
    assert "Choose a reason." in without.text
    assert nora.post(f"{address}/cancel", data={"reason_code": "suspected_fraud"}).status_code == 422
    done = nora.post(f"{address}/cancel", data={"reason_code": "too_late"})
    assert done.status_code == 302
    session.refresh(scene.backorder)
    assert scene.backorder.cancel_reason_code == "too_late"
    said = nora.get(address).text
    assert "Being cancelled" in said
    assert "We are cancelling it" in said
    event = session.scalars(select(AuditEvent).where(AuditEvent.action == "backorder.cancel_requested")).one()
    assert event.actor == "Nora"
    backorders.cancel(session, scene.number, "too_late", utcnow())
    assert "It was cancelled: it would come too late." in nora.get(address).text


def test_what_has_left_can_t_be_cancelled(scene: Scene, session: Session, sign_in: SignIn) -> None:
    receive(session, context(), first_line(session), 6)
    shipping.ship_backorder(session, context(), scene.number, Parcel(scene.backorder.quantity, "DHL", "T-1"))
    answer = sign_in("nora@shop.example").post(
        f"/my/backorders/{scene.number}/cancel", data={"reason_code": "too_late"}
    )
    assert answer.status_code == 409
    assert "ask for a return instead" in answer.text


def test_mail_that_comes_back_is_said_to_the_customer(scene: Scene, session: Session, sign_in: SignIn) -> None:
    session.execute(update(Backorder).values(notice_risk="refused"))
    session.commit()
    assert "Our mail does not reach you" in sign_in("nora@shop.example").get(f"/my/backorders/{scene.number}").text


def test_the_lists_cost_the_same_however_long_they_are(
    scene: Scene, session: Session, app: Flask, sign_in: SignIn
) -> None:
    nora = sign_in("nora@shop.example")

    def cost() -> int:
        seen = watch_web(app)
        assert nora.get("/my/orders").status_code == 200
        return len(seen.statements)

    cost()
    few = cost()
    for _ in range(12):
        order(session, context(), "NORA", 1, plan=False)
    assert cost() == few


def watch_web(app: Flask):  # type: ignore[no-untyped-def]  # see scene.watch
    with app.app_context():
        return watch(db.engine)


def test_a_long_list_goes_on_without_a_gap(scene: Scene, session: Session, sign_in: SignIn) -> None:
    numbers = {scene.order_number}
    for _ in range(32):
        made = order(session, context(), "NORA", 1, plan=False)
        assert made is not None
        numbers.add(made.order_line.order.number)
    nora = sign_in("nora@shop.example")
    first = nora.get("/my/orders").text
    address = first.split('rel="next" href="')[1].split('"')[0]
    second = nora.get(address.replace("&amp;", "&")).text
    seen_first, seen_second = ({number for number in numbers if number in page} for page in (first, second))
    assert seen_first | seen_second == numbers
    assert not seen_first & seen_second
    assert nora.get("/my/orders?cursor=forged").status_code == 200


# ---- behind the signed link ----


def test_the_link_in_the_mail_opens_the_page_without_signing_in(
    scene: Scene, session: Session, settings: Settings, app: Flask
) -> None:
    made = order(session, context(), "NORA", 3, plan=False)
    assert made is not None
    backorders.plan_supply(session, made.number, utcnow())
    notice_id = session.scalars(select(Notice.id).where(Notice.backorder_id == made.id)).one()
    mail = notices.claim(session, notice_id, utcnow(), settings)
    assert mail is not None
    answer = app.test_client().get("/track/" + mail.mail.text.split("/track/")[1].split()[0])
    assert answer.status_code == 200
    assert made.number in answer.text
    assert scene.number not in answer.text
    assert "Acme" not in answer.text


def test_the_page_behind_a_link_stays_private(scene: Scene, settings: Settings, app: Flask) -> None:
    for path in (f"/track/{token_of(settings, scene.backorder)}", "/track/forged"):
        headers = app.test_client().get(path).headers
        assert headers["Referrer-Policy"] == "no-referrer"
        assert "noindex" in headers["X-Robots-Tag"]
        assert headers["Cache-Control"] == "no-store"
    assert app.test_client().get("/healthz").headers["Referrer-Policy"] == "same-origin"


def test_forged_links_open_nothing(scene: Scene, settings: Settings, app: Flask) -> None:
    good = token_of(settings, scene.backorder)
    payload, _, signature = good.partition(".")
    others = token_of(settings, scene.rival).partition(".")[0]
    for forged in ("x", good[:-2], f"{others}.{signature}", payload, good + "a"):
        answer = app.test_client().get(f"/track/{forged}")
        assert answer.status_code == 404
        assert "This link is not whole, or is too old" in answer.text
        assert scene.number not in answer.text


def test_a_link_that_names_another_customer_opens_nothing(scene: Scene, settings: Settings, app: Flask) -> None:
    otto = scene.company.otto.id
    link = tracking_link(settings, Tracked(otto, scene.number))
    assert app.test_client().get(f"/track/{link.rpartition('/')[2]}").status_code == 404


def test_an_old_link_has_expired(
    scene: Scene, settings: Settings, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = token_of(settings, scene.backorder)
    now = int(utcnow().timestamp())
    for days, status in ((TRACKING_DAYS - 1, 200), (TRACKING_DAYS + 1, 404)):
        monkeypatch.setattr("itsdangerous.timed.time.time", lambda days=days: now + days * 86_400, raising=True)
        assert app.test_client().get(f"/track/{token}").status_code == status


def test_opening_the_link_cancels_nothing(scene: Scene, session: Session, settings: Settings, app: Flask) -> None:
    path = f"/track/{token_of(settings, scene.backorder)}"
    client = app.test_client()
    before = len(session.scalars(select(OutboxMessage.id)).all())
    for address in (path, f"{path}/cancel", f"{path}/cancel?reason_code=too_late"):
        assert client.get(address).status_code == 200
        assert client.head(address).status_code == 200
    session.expire_all()
    assert scene.backorder.cancel_requested_at is None
    assert len(session.scalars(select(OutboxMessage.id)).all()) == before


def test_cancelling_behind_the_link_says_so_in_the_record(
    scene: Scene, session: Session, settings: Settings, app: Flask
) -> None:
    path = f"/track/{token_of(settings, scene.backorder)}"
    answer = app.test_client().post(f"{path}/cancel", data={"reason_code": "ordered_twice"})
    assert answer.status_code == 302
    assert answer.location == path
    event = session.scalars(select(AuditEvent).where(AuditEvent.action == "backorder.cancel_requested")).one()
    assert event.actor == "Somebody with a signed link"
    assert event.entity_key == scene.number
    session.expire_all()
    assert scene.rival.cancel_requested_at is None


def test_the_link_needs_the_token_of_the_form_but_no_referrer(
    scene: Scene, session: Session, settings: Settings, app: Flask
) -> None:
    """Its page sends no referrer, which must not stand in the way where the portal is behind TLS."""
    app.config["WTF_CSRF_ENABLED"] = True
    path = f"/track/{token_of(settings, scene.backorder)}/cancel"
    client = app.test_client()
    form = client.get(path, base_url="https://promises.example").text
    given = form.split('name="csrf_token" value="')[1].split('"')[0]
    bare = client.post(path, data={"reason_code": "too_late"}, base_url="https://promises.example")
    assert bare.status_code == 400
    answer = client.post(
        path, data={"reason_code": "too_late", "csrf_token": given}, base_url="https://promises.example"
    )
    assert answer.status_code == 302


def test_who_is_signed_in_sees_the_same_behind_a_link(scene: Scene, settings: Settings, sign_in: SignIn) -> None:
    path = f"/track/{token_of(settings, scene.backorder)}"
    for email in ("otto@trade.example", "sue@acme.example", "buyer@staff.example"):
        client = sign_in(email)
        page = client.get(path)
        assert page.status_code == 200
        assert scene.number in page.text
        assert "Otto" not in page.text
    assert client.post(f"{path}/cancel", data={"reason_code": "too_late"}).status_code == 302


def test_times_behind_a_link_are_those_of_the_customer(
    scene: Scene, session: Session, settings: Settings, app: Flask
) -> None:
    session.execute(update(Customer).values(time_zone="Asia/Tokyo"))
    session.commit()
    assert "JST" in app.test_client().get(f"/track/{token_of(settings, scene.backorder)}").text
